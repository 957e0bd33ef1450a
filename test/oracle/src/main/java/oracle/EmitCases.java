package oracle;

import static oracle.CogroupCases.sessions;
import static oracle.GroupCases.windowed;
import static oracle.GroupCases.windows;
import static oracle.SessionCases.sessionKeys;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsConfig.InternalConfig;
import org.apache.kafka.streams.kstream.EmitStrategy;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Results sent when windows close. */
final class EmitCases {
  private static final Duration kept = Duration.ofMillis(1000);

  static Case hopping(String name, long sizeMs, long advanceMs, long graceMs) {
    return new Case(name, builder -> builder.<String, String>stream("in").groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(sizeMs), Duration.ofMillis(graceMs))
            .advanceBy(Duration.ofMillis(advanceMs)))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(() -> "", (key, value, all) -> all + value, windows("all", Serdes.String()).withRetention(kept))
        .toStream().to("out", windowed(Serdes.String(), sizeMs)));
  }

  static Case sliding(String name, long differenceMs, long graceMs) {
    return new Case(name, builder -> builder.<String, String>stream("in").groupByKey()
        .windowedBy(SlidingCases.sliding(differenceMs, graceMs))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(() -> "", (key, value, all) -> all + value, windows("all", Serdes.String()).withRetention(kept))
        .toStream().to("out", windowed(Serdes.String(), differenceMs)));
  }

  static Case session(String name, long gapMs, long graceMs) {
    return new Case(name, builder -> builder.<String, String>stream("in").groupByKey()
        .windowedBy(SessionCases.gap(gapMs, graceMs))
        .emitStrategy(EmitStrategy.onWindowClose())
        .aggregate(() -> "", (key, value, all) -> all + value, (key, one, other) -> one + "|" + other,
            sessions("all", Serdes.String()).withRetention(kept))
        .toStream().to("out", sessionKeys(Serdes.String())));
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(some(hopping("emit-tumbling", 10, 10, 0)));
    cases.add(some(hopping("emit-tumbling-grace", 10, 10, 5)));
    cases.add(some(hopping("emit-hopping", 10, 4, 2)));
    cases.add(some(sliding("emit-sliding", 10, 0)));
    cases.add(some(sliding("emit-sliding-grace", 10, 5)));
    cases.add(some(session("emit-session", 5, 0)));
    cases.add(some(session("emit-session-grace", 5, 4)));
    cases.add(SlidingCases.random(hopping("emit-hopping-random", 6, 2, 4), 31, 100));
    cases.add(SlidingCases.random(sliding("emit-sliding-random", 6, 4), 37, 100));
    cases.add(SlidingCases.random(session("emit-session-random", 2, 3), 41, 100));
    cases.add(throttled(hopping("emit-tumbling-interval", 10, 10, 0)));
    cases.add(throttled(sliding("emit-sliding-interval", 10, 0)));
    cases.add(throttled(session("emit-session-interval", 5, 0)));
    cases.add(new Case("emit-tumbling-kept-shortly", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(10), Duration.ofMillis(5)))
            .emitStrategy(EmitStrategy.onWindowClose())
            .count(windows("counts", Serdes.Long())).toStream().to("out", windowed(Serdes.Long(), 10)))
        .in("in", "k", "a", 0).in("in", "l", "b", 9).in("in", "k", "c", 12).in("in", "k", "d", 4)
        .in("in", "k", "e", 15).in("in", "k", "f", 22).in("in", "l", "g", 26).in("in", "l", "h", 35));
    return cases;
  }

  private static Case some(Case one) {
    return one.in("in", "k", "a", 0).in("in", "l", "b", 3).in("in", "k", "c", 9).in("in", "k", "d", 10)
        .in("in", "l", "e", 4).in("in", "k", "f", 16).in("in", "k", "g", 8).in("in", "k", null, 17)
        .in("in", null, "h", 18).in("in", "l", "i", 21).header("trace", "t").in("in", "a", "j", 19)
        .in("in", "k", "m", 21).in("in", "l", "n", 34).in("in", "k", "o", 26).in("in", "k", "p", 48)
        .in("in", "a", "q", 90).in("in", "l", "r", 90).in("in", "k", "s", 89).in("in", "z", "t", 200);
  }

  /** Looks for closed windows once a second of wall-clock time, as Kafka Streams does unless it is told otherwise. */
  private static Case throttled(Case one) {
    return one.config(InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 1000L)
        .in("in", "k", "a", 0).in("in", "k", "b", 15).in("in", "k", "c", 30).advance(999)
        .in("in", "l", "d", 45).advance(1).in("in", "l", "e", 46).in("in", "k", "f", 75).advance(3000)
        .in("in", "k", "g", 76).in("in", "k", "h", 99).advance(1000).in("in", "k", "i", 62)
        .in("in", "k", "j", 120);
  }
}
