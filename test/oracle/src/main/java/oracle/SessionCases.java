package oracle;

import static oracle.CogroupCases.sessions;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** Aggregations by sessions. */
final class SessionCases {
  static SessionWindows gap(long gapMs, long graceMs) {
    return SessionWindows.ofInactivityGapAndGrace(Duration.ofMillis(gapMs), Duration.ofMillis(graceMs));
  }

  static <V> Produced<Windowed<String>, V> sessionKeys(Serde<V> serde) {
    return Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), serde);
  }

  /** Gathers values by sessions. */
  static Case gather(String name, long gapMs, long graceMs) {
    return new Case(name, builder -> builder.<String, String>stream("in").groupByKey()
        .windowedBy(gap(gapMs, graceMs))
        .aggregate(() -> "", (key, value, all) -> all + value, (key, one, other) -> one + "|" + other,
            sessions("all", Serdes.String()))
        .toStream().to("out", sessionKeys(Serdes.String())));
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(gather("session-within-gap", 10, 50)
        .in("in", "k", "a", 0).in("in", "k", "b", 10).in("in", "k", "c", 21).header("trace", "t")
        .in("in", "l", "d", 21).in("in", "k", "e", 31).in("in", null, "f", 40).in("in", "k", null, 35)
        .in("in", "k", "g", 70));
    cases.add(gather("session-merge", 10, 100)
        .in("in", "k", "a", 0).in("in", "k", "b", 20).in("in", "k", "c", 40).in("in", "k", "d", 10)
        .in("in", "k", "e", 30).in("in", "l", "f", 30).in("in", "k", "g", 15).in("in", "k", "h", 60)
        .in("in", "k", "i", 50).in("in", "k", "j", 71));
    cases.add(gather("session-same-time", 10, 50)
        .in("in", "k", "a", 5).in("in", "k", "b", 5).in("in", "k", "c", 5).in("in", "k", "d", 6)
        .in("in", "k", "e", 6));
    cases.add(gather("session-late-no-grace", 10, 0)
        .in("in", "k", "a", 0).in("in", "l", "b", 11).in("in", "k", "c", 1).in("in", "k", "d", 0)
        .in("in", "l", "e", 21).in("in", "k", "f", 11).in("in", "k", "g", 10).in("in", "l", "h", 12)
        .in("in", "l", "i", 100).in("in", "l", "j", 15).in("in", "l", "m", 90));
    cases.add(gather("session-late-with-grace", 10, 5)
        .in("in", "k", "a", 0).in("in", "l", "b", 15).in("in", "k", "c", 0).in("in", "l", "d", 16)
        .in("in", "k", "e", 0).in("in", "k", "f", 1).in("in", "k", "g", 2).in("in", "l", "h", 40)
        .in("in", "k", "i", 25).in("in", "k", "j", 24).in("in", "k", "m", 30));
    cases.add(SlidingCases.random(gather("session-random", 3, 20), 5, 120));
    cases.add(SlidingCases.random(gather("session-random-late", 2, 3), 17, 120));
    cases.add(SlidingCases.random(new Case("session-count", builder ->
        builder.<String, String>stream("in").groupByKey().windowedBy(gap(4, 10))
            .count(sessions("counts", Serdes.Long())).toStream().to("out", sessionKeys(Serdes.Long()))), 23, 60));
    cases.add(new Case("session-reduce", builder ->
        builder.<String, String>stream("in").groupByKey().windowedBy(gap(10, 50))
            .reduce((one, other) -> one.equals("x") ? null : one + other, Named.as("reduced"),
                sessions("joined", Serdes.String()))
            .toStream().to("out", sessionKeys(Serdes.String())))
        .in("in", "k", "a", 0).in("in", "k", "b", 20).in("in", "k", "c", 10).in("in", "l", "x", 5)
        .in("in", "l", "d", 8).in("in", "l", "e", 9));
    cases.add(new Case("session-aggregate-null", builder ->
        builder.<String, String>stream("in").groupByKey().windowedBy(gap(10, 50))
            .aggregate(() -> "", (key, value, all) -> value.equals("x") ? null : all + value,
                (key, one, other) -> one + other, sessions("all", Serdes.String()))
            .toStream().to("out", sessionKeys(Serdes.String())))
        .in("in", "k", "a", 0).in("in", "k", "x", 5).in("in", "k", "b", 8).in("in", "l", "x", 5)
        .in("in", "k", "x", 30));
    cases.add(new Case("session-unnamed", SessionCases::unnamed));
    return cases;
  }

  private static void unnamed(StreamsBuilder builder) {
    KGroupedStream<String, String> grouped =
        builder.<String, String>stream("in").groupBy((key, value) -> value);
    grouped.windowedBy(gap(10, 0)).count();
    grouped.windowedBy(gap(10, 0)).reduce((a, b) -> a + b);
    grouped.windowedBy(gap(10, 0))
        .aggregate(() -> "", (key, value, all) -> all, (key, one, other) -> one, Named.as("named"));
  }
}
