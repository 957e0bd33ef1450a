package oracle;

import static oracle.CogroupCases.sessions;
import static oracle.GroupCases.longs;
import static oracle.GroupCases.store;
import static oracle.GroupCases.windowed;
import static oracle.GroupCases.windows;
import static oracle.SessionCases.sessionKeys;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;

/** What tables of windows are used for. */
final class WindowedTableCases {
  static KTable<Windowed<String>, String> hopping(StreamsBuilder builder, long graceMs) {
    return builder.<String, String>stream("in").groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(10), Duration.ofMillis(graceMs))
            .advanceBy(Duration.ofMillis(4)))
        .aggregate(() -> "", (key, value, all) -> all + value, windows("all", Serdes.String()));
  }

  static KTable<Windowed<String>, String> bySession(StreamsBuilder builder) {
    return builder.<String, String>stream("in").groupByKey().windowedBy(SessionCases.gap(3, 20))
        .aggregate(() -> "", (key, value, all) -> all + value, (key, one, other) -> one + "|" + other,
            sessions("all", Serdes.String()));
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(SlidingCases.random(new Case("windows-hopping-random", builder ->
        hopping(builder, 5).toStream().to("out", windowed(Serdes.String(), 10))), 43, 100));
    cases.add(SlidingCases.random(new Case("windows-filtered", builder ->
        hopping(builder, 100).filter((key, all) -> all.length() < 7 && key.window().start() > 3)
            .mapValues(all -> all + "!").toStream().to("out", windowed(Serdes.String(), 10))), 47, 60));
    cases.add(SlidingCases.random(new Case("windows-joined", builder -> {
      KTable<Windowed<String>, String> table = hopping(builder, 100);
      table.toStream().join(table.mapValues(all -> all + "!"), (one, other) -> one + "=" + other,
              Joined.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, 10), Serdes.String(), Serdes.String()))
          .to("out", windowed(Serdes.String(), 10));
    }), 53, 40));
    cases.add(ofDifferentTimes(new Case("sessions-filtered", builder ->
        bySession(builder).filter((key, all) -> all.length() < 4).mapValues(all -> all + "!")
            .toStream().to("out", sessionKeys(Serdes.String())))));
    cases.add(SlidingCases.random(new Case("sessions-joined", builder -> {
      KTable<Windowed<String>, String> table = bySession(builder);
      table.toStream().leftJoin(table.mapValues(all -> all + "!"), (one, other) -> one + "=" + other,
              Joined.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), Serdes.String(), Serdes.String()))
          .to("out", sessionKeys(Serdes.String()));
    }), 61, 40));
    cases.add(SlidingCases.random(new Case("windows-grouped-again", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(10), Duration.ofMillis(5)))
            .count(windows("counts", Serdes.Long()))
            .groupBy((key, count) -> KeyValue.pair(key.key(), count), Grouped.with(Serdes.String(), Serdes.Long()))
            .reduce(Long::sum, (sum, count) -> sum - count, store("sums", Serdes.Long()))
            .toStream().to("out", longs)), 67, 60));
    cases.add(ofDifferentTimes(new Case("sessions-grouped-again", builder ->
        builder.<String, String>stream("in").groupByKey().windowedBy(SessionCases.gap(3, 20))
            .count(sessions("counts", Serdes.Long()))
            .groupBy((key, count) -> KeyValue.pair(key.key(), count), Grouped.with(Serdes.String(), Serdes.Long()))
            .reduce(Long::sum, (sum, count) -> sum - count, store("sums", Serdes.Long()))
            .toStream().to("out", longs))));
    return cases;
  }

  /** No two records of a key have one time: Kafka Streams does not say then what a session's value was before. */
  private static Case ofDifferentTimes(Case one) {
    return one.in("in", "k", "a", 0).in("in", "k", "b", 6).in("in", "l", "c", 7).in("in", "k", "d", 3)
        .in("in", "k", "e", 12).in("in", "k", "f", 10).in("in", "l", "g", 4).in("in", "k", "h", 8)
        .in("in", "k", "i", 5).in("in", "l", "j", 40).in("in", "k", "m", 13);
  }
}
