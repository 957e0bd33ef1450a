package oracle;

import static oracle.GroupCases.windowed;
import static oracle.GroupCases.windows;

import java.time.Instant;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.UnlimitedWindows;

/** Aggregations by a window without an end. */
final class UnlimitedCases {
  static List<Case> all() {
    return List.of(
        new Case("unlimited", builder -> builder.<String, String>stream("in").groupByKey()
            .windowedBy(UnlimitedWindows.of().startOn(Instant.ofEpochMilli(5)))
            .aggregate(() -> "", (key, value, all) -> all + value, windows("all", Serdes.String())).toStream()
            .to("out", windowed(Serdes.String(), Long.MAX_VALUE)))
            .in("in", "k", "a", 4).in("in", "k", "b", 5).in("in", "l", "c", 9_000_000_000_000L).in("in", "k", "d", 7)
            .in("in", "k", null, 6).in("in", null, "e", 8).in("in", "k", "f", 3),
        new Case("unlimited-count", builder -> builder.<String, String>stream("in").groupByKey()
            .windowedBy(UnlimitedWindows.of())
            .count(windows("counts", Serdes.Long())).toStream().to("out", windowed(Serdes.Long(), Long.MAX_VALUE)))
            .in("in", "k", "a", 0).in("in", "k", "b", 100_000_000_000L).in("in", "k", "c", 1),
        new Case("unlimited-emit-on-close", builder -> builder.<String, String>stream("in").groupByKey()
            .windowedBy(UnlimitedWindows.of()).emitStrategy(EmitStrategy.onWindowClose()).count()).refused());
  }
}
