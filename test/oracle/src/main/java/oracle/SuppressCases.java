package oracle;

import static java.time.Duration.ofMillis;
import static org.apache.kafka.streams.kstream.Suppressed.BufferConfig.maxBytes;
import static org.apache.kafka.streams.kstream.Suppressed.BufferConfig.maxRecords;
import static org.apache.kafka.streams.kstream.Suppressed.BufferConfig.unbounded;
import static org.apache.kafka.streams.kstream.Suppressed.untilTimeLimit;
import static org.apache.kafka.streams.kstream.Suppressed.untilWindowCloses;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.SessionStore;

/** Tables whose updates are held back. */
final class SuppressCases {
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(steps(limited("suppress-no-time", untilTimeLimit(ofMillis(0), unbounded()))));
    cases.add(steps(limited("suppress-time-limit", untilTimeLimit(ofMillis(2), unbounded()))));
    cases.add(steps(limited("suppress-max-records",
        untilTimeLimit(ofMillis(Long.MAX_VALUE), maxRecords(1).emitEarlyWhenFull()))));
    cases.add(steps(limited("suppress-max-bytes",
        untilTimeLimit(ofMillis(1000), maxBytes(150).emitEarlyWhenFull()))));
    cases.add(steps(limited("suppress-both-bounds",
        untilTimeLimit(ofMillis(3), maxRecords(2).withMaxBytes(160).emitEarlyWhenFull()))));
    cases.add(steps(limited("suppress-no-records", untilTimeLimit(ofMillis(1000), maxRecords(0)))));
    cases.add(steps(new Case("suppress-named", builder ->
        counts(builder).suppress(untilTimeLimit(ofMillis(3), unbounded()).withName("calm"))
            .toStream(Named.as("updates")).to("out", GroupCases.longs))));
    cases.add(rows(new Case("suppress-rows", builder ->
        builder.<String, String>table("in").suppress(untilTimeLimit(ofMillis(3), unbounded()))
            .toStream().to("out"))));
    cases.add(rows(new Case("suppress-rows-bytes", builder ->
        builder.<String, String>table("in", GroupCases.store("rows", Serdes.String()))
            .suppress(untilTimeLimit(ofMillis(100), maxBytes(110).emitEarlyWhenFull()))
            .toStream().to("out"))));
    cases.add(rows(new Case("suppress-derived", builder ->
        builder.<String, String>table("in").filter((key, value) -> value.length() > 1)
            .suppress(untilTimeLimit(ofMillis(2), unbounded()))
            .mapValues(value -> value + "!").toStream().to("out"))));
    cases.add(rows(new Case("suppress-twice", builder -> {
      KTable<String, String> once =
          builder.<String, String>table("in").suppress(untilTimeLimit(ofMillis(2), unbounded()));
      once.toStream().to("out");
      once.suppress(untilTimeLimit(ofMillis(4), maxRecords(2))).toStream().to("out-2");
    })));
    cases.add(new Case("suppress-then-group", builder ->
        builder.<String, String>table("in").suppress(untilTimeLimit(ofMillis(10), unbounded()))
            .groupBy(KeyValue::pair, Grouped.as("again")).count(GroupCases.store("counts", Serdes.Long()))
            .toStream().to("out", GroupCases.longs))
        .in("in", "A", "a", 0).in("in", "tick", "tick", 10).in("in", "A", null, 20).in("in", "tick", "t", 40));
    cases.add(joined(new Case("suppress-then-join", builder -> {
      KTable<String, String> table = builder.<String, String>table("table")
          .suppress(untilTimeLimit(ofMillis(10), unbounded()));
      builder.<String, String>stream("in").leftJoin(table, (a, b) -> a + b).to("out");
      table.toStream().to("out-2");
    })));
    windowed(cases);
    otherWindows(cases);
    refused(cases);
    return cases;
  }

  private static void windowed(List<Case> cases) {
    cases.add(windows(new Case("suppress-final", builder ->
        windowedCounts(builder, TimeWindows.ofSizeAndGrace(ofMillis(2), ofMillis(1)))
            .suppress(untilWindowCloses(unbounded()))
            .toStream().to("out", GroupCases.windowed(Serdes.Long(), 2)))));
    cases.add(windows(new Case("suppress-final-no-grace", builder ->
        windowedCounts(builder, TimeWindows.ofSizeWithNoGrace(ofMillis(5)))
            .suppress(untilWindowCloses(maxRecords(100).shutDownWhenFull()))
            .toStream().to("out", GroupCases.windowed(Serdes.Long(), 5)))));
    cases.add(windows(new Case("suppress-final-hopping", builder ->
        windowedCounts(builder, TimeWindows.ofSizeAndGrace(ofMillis(5), ofMillis(2)).advanceBy(ofMillis(2)))
            .suppress(untilWindowCloses(unbounded()).withName("final"))
            .toStream().to("out", GroupCases.windowed(Serdes.Long(), 5)))));
    cases.add(windows(new Case("suppress-final-derived", builder ->
        windowedCounts(builder, TimeWindows.ofSizeAndGrace(ofMillis(3), ofMillis(1)))
            .filter((key, value) -> value != 2).mapValues(value -> "n" + value)
            .suppress(untilWindowCloses(unbounded()))
            .toStream().to("out", GroupCases.windowed(Serdes.String(), 3)))));
    cases.add(windows(new Case("suppress-final-deleted", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(ofMillis(3), ofMillis(1)))
            .aggregate(() -> "", (key, value, all) -> "b".equals(value) ? null : all + value,
                GroupCases.windows("all", Serdes.String()))
            .suppress(untilWindowCloses(unbounded()))
            .toStream().to("out", GroupCases.windowed(Serdes.String(), 3)))));
    cases.add(windows(new Case("suppress-windows-time-limit", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(ofMillis(3), ofMillis(1)))
            .aggregate(() -> "", (key, value, all) -> "b".equals(value) ? null : all + value,
                GroupCases.windows("all", Serdes.String()))
            .suppress(untilTimeLimit(ofMillis(2), unbounded()))
            .toStream().to("out", GroupCases.windowed(Serdes.String(), 3)))));
    cases.add(windows(new Case("suppress-final-rekeyed", builder ->
        builder.<String, String>stream("in").groupBy((key, value) -> value, Grouped.with("by-value", Serdes.String(), Serdes.String()))
            .windowedBy(TimeWindows.ofSizeAndGrace(ofMillis(4), ofMillis(0)))
            .count().suppress(untilWindowCloses(unbounded()))
            .toStream().to("out", GroupCases.windowed(Serdes.Long(), 4)))));
  }

  /** Times at which a window's end and grace are reached to the millisecond are left out: docs/adr/0013-suppressed-tables.md. */
  private static void otherWindows(List<Case> cases) {
    cases.add(sparse(new Case("suppress-final-session", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(ofMillis(5)))
            .count(sessions("counts", Serdes.Long())).suppress(untilWindowCloses(unbounded()))
            .toStream().to("out", sessioned(Serdes.Long())))));
    cases.add(sparse(new Case("suppress-final-session-grace", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(SessionWindows.ofInactivityGapAndGrace(ofMillis(6), ofMillis(7)))
            .reduce((a, b) -> a + b, sessions("joined", Serdes.String()))
            .suppress(untilWindowCloses(unbounded()).withName("final"))
            .toStream().to("out", sessioned(Serdes.String())))));
    cases.add(sparse(new Case("suppress-sessions-time-limit", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(SessionWindows.ofInactivityGapAndGrace(ofMillis(6), ofMillis(7)))
            .count(sessions("counts", Serdes.Long())).suppress(untilTimeLimit(ofMillis(4), maxRecords(3)))
            .toStream().to("out", sessioned(Serdes.Long())))));
    cases.add(sparse(new Case("suppress-final-sliding", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(ofMillis(5), ofMillis(12)))
            .count(GroupCases.windows("counts", Serdes.Long())).suppress(untilWindowCloses(unbounded()))
            .toStream().to("out", GroupCases.windowed(Serdes.Long(), 5)))));
    cases.add(sparse(new Case("suppress-final-cogrouped", builder ->
        builder.<String, String>stream("in").groupByKey()
            .<String>cogroup((key, value, all) -> all + value)
            .cogroup(builder.<String, String>stream("in-2").groupByKey(), (key, value, all) -> all + "-" + value)
            .windowedBy(TimeWindows.ofSizeAndGrace(ofMillis(20), ofMillis(4)))
            .aggregate(() -> "", Named.as("together"), GroupCases.windows("all", Serdes.String()))
            .suppress(untilWindowCloses(unbounded()))
            .toStream().to("out", GroupCases.windowed(Serdes.String(), 20)))));
  }

  private static <V> Materialized<String, V, SessionStore<Bytes, byte[]>> sessions(String name, Serde<V> serde) {
    return Materialized.<String, V, SessionStore<Bytes, byte[]>>as(name)
        .withKeySerde(Serdes.String()).withValueSerde(serde);
  }

  private static <V> Produced<Windowed<String>, V> sessioned(Serde<V> serde) {
    return Produced.with(WindowedSerdes.sessionWindowedSerdeFrom(String.class), serde);
  }

  /** All times are multiples of ten with a small digit of their own, so that no two windows end alike. */
  private static Case sparse(Case one) {
    return one.in("in", "k1", "a", 100).header("id", "1").in("in", "k1", "b", 104).in("in", "k2", "c", 101)
        .in("in", "k1", "d", 108).in("in", "k2", "e", 115).in("in", "k1", "f", 103).in("in", "k3", "g", 130)
        .header("id", "2").in("in", "k1", "h", 109).in("in", "k3", "i", 122).in("in", "k2", "j", 161)
        .in("in", "k1", "k", 158).in("in", "k1", "l", 162).in("in", "k4", "m", 240).in("in", "k4", "n", 239);
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static void refused(List<Case> cases) {
    cases.add(new Case("suppress-final-not-windowed", builder ->
        builder.<String, String>table("in").suppress((Suppressed) untilWindowCloses(unbounded()))).refused());
    cases.add(new Case("suppress-final-merged", builder ->
        windowedCounts(builder, TimeWindows.ofSizeWithNoGrace(ofMillis(5))).toStream()
            .merge(builder.<Windowed<String>, Long>stream("in-2")).toTable()
            .suppress(untilWindowCloses(unbounded()))).refused());
  }

  private static Case limited(String name, Suppressed<String> suppressed) {
    return new Case(name, builder -> counts(builder).suppress(suppressed).toStream().to("out", GroupCases.longs));
  }

  private static KTable<String, Long> counts(StreamsBuilder builder) {
    return builder.<String, String>table("in")
        .groupBy((key, value) -> KeyValue.pair(value, key), Grouped.as("by-value"))
        .count(GroupCases.store("counts", Serdes.Long()));
  }

  private static KTable<Windowed<String>, Long> windowedCounts(StreamsBuilder builder, TimeWindows windows) {
    return builder.<String, String>stream("in").groupByKey().windowedBy(windows)
        .count(GroupCases.windows("counts", Serdes.Long()));
  }

  private static Case steps(Case one) {
    return one.in("in", "k1", "v1", 0).header("id", "1").in("in", "k1", "v2", 1).header("id", "2")
        .in("in", "k2", "v1", 2).in("in", "x", "x", 3).header("note", null).in("in", "x", "y", 4)
        .in("in", "k1", "v1", 3).in("in", "k3", "v2", 1).in("in", "k2", null, 5).in("in", "k1", "v3", 9)
        .in("in", "tick", "tick", 30).in("in", "tick", "tock", 31);
  }

  private static Case rows(Case one) {
    return one.in("in", "l", "a", 5).in("in", "k", "ab", 5).in("in", "k", "abc", 6).header("id", "3")
        .in("in", "l", null, 7).in("in", "m", "b", 8).in("in", "m", "bc", 8).in("in", "k", "ac", 3)
        .in("in", "n", null, 9).in("in", null, "no key", 9).in("in", "k", null, 11).header("id", "4")
        .header("id", "5").in("in", "k", "cd", 12).in("in", "m", null, 13).in("in", "o", "de", 14)
        .in("in", "o", "ef", 20).in("in", "k", "gh", 25).in("in", "tick", "tock", 60);
  }

  private static Case joined(Case one) {
    return one.in("table", "B", "1", 0).in("table", "A", "1", 0).in("in", "A", "a", 1)
        .in("table", "tick", "tick", 10).in("in", "A", "b", 10).in("table", "A", "2", 11).in("in", "A", "c", 12)
        .in("in", "B", "d", 12).in("table", "A", "3", 13).in("in", "A", "e", 14).in("table", "tick", "tock", 21)
        .in("in", "A", "f", 22).in("table", "A", null, 23).in("in", "A", "g", 24)
        .in("table", "tick", "tick", 40).in("in", "A", "h", 41);
  }

  private static Case windows(Case one) {
    return one.in("in", "k1", "a", 0).in("in", "k1", "b", 1).header("id", "1").in("in", "k1", "a", 2)
        .in("in", "k1", "c", 1).in("in", "k1", "a", 0).in("in", "k2", "b", 3).in("in", "k1", "a", 5)
        .in("in", "k1", "late", 0).in("in", "k2", "a", 4).header("id", "2").in("in", "k3", "b", 9)
        .in("in", "k2", "c", 7).in("in", "k1", null, 8).in("in", null, "a", 9).in("in", "k2", "d", 30)
        .in("in", "k1", "e", 29).in("in", "k4", "f", 100);
  }
}
