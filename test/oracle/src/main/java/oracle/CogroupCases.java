package oracle;

import static oracle.GroupCases.store;
import static oracle.GroupCases.windowed;
import static oracle.GroupCases.windows;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Aggregator;
import org.apache.kafka.streams.kstream.CogroupedKStream;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.state.SessionStore;

/** Several streams aggregated into one table. */
final class CogroupCases {
  static final Aggregator<String, String, String> a = (key, value, all) -> all + "a" + value;
  static final Aggregator<String, String, String> b = (key, value, all) -> all + "b" + value;

  static <V> Materialized<String, V, SessionStore<Bytes, byte[]>> sessions(String name, Serde<V> serde) {
    return Materialized.<String, V, SessionStore<Bytes, byte[]>>as(name)
        .withKeySerde(Serdes.String()).withValueSerde(serde);
  }

  static KGroupedStream<String, String> grouped(StreamsBuilder builder, String topic) {
    return builder.<String, String>stream(topic).groupByKey();
  }

  /** The stream of a topic under its values as keys. */
  static KGroupedStream<String, String> rekeyed(StreamsBuilder builder, String topic) {
    return builder.<String, String>stream(topic).selectKey((key, value) -> value).groupByKey();
  }

  static CogroupedKStream<String, String> two(StreamsBuilder builder) {
    return grouped(builder, "in").cogroup(a).cogroup(grouped(builder, "in-2"), b);
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(records(new Case("cogroup", builder ->
        two(builder).aggregate(() -> "", store("together", Serdes.String())).toStream().to("out"))));
    cases.add(new Case("cogroup-one", builder ->
        grouped(builder, "in").cogroup(a).aggregate(() -> "", store("together", Serdes.String()))
            .toStream().to("out"))
        .in("in", "k", "1", 5).in("in", "l", "2", 3).in("in", "k", "3", 4).in("in", "k", null, 6));
    cases.add(records(new Case("cogroup-unnamed", builder ->
        two(builder).aggregate(() -> "", Materialized.with(Serdes.String(), Serdes.String()))
            .toStream().to("out"))));
    cases.add(new Case("cogroup-named", builder ->
        two(builder).aggregate(() -> "", Named.as("shop"), store("together", Serdes.String()))
            .toStream(Named.as("updates")).to("out")));
    cases.add(new Case("cogroup-types", CogroupCases::types)
        .in("in", "k", "x", 1).in("in-2", "k", 5L, 2).in("in-3", "k", 7L, 0).in("in", "l", "yy", 3)
        .in("in-2", "l", -2L, 9).in("in-2", "k", 0L, 4).in("in", "k", "none", 5).in("in-3", "k", 3L, 6));
    cases.add(records(new Case("cogroup-repartition", builder ->
        builder.<String, String>stream("in").selectKey((key, value) -> value).groupByKey(Grouped.as("by-value"))
            .cogroup(a).cogroup(grouped(builder, "in-2"), b)
            .aggregate(() -> "", store("together", Serdes.String())).toStream().to("out"))));
    cases.add(records(new Case("cogroup-repartition-unnamed", builder ->
        rekeyed(builder, "in").cogroup(a).cogroup(grouped(builder, "in-2"), b)
            .aggregate(() -> "", Materialized.with(Serdes.String(), Serdes.String())).toStream().to("out"))));
    cases.add(new Case("cogroup-repartition-both", builder ->
        rekeyed(builder, "in").cogroup(a)
            .cogroup(builder.<String, String>stream("in-2").groupBy((key, value) -> value, Grouped.as("other")), b)
            .aggregate(() -> "", store("together", Serdes.String())).toStream().to("out")));
    cases.add(new Case("cogroup-repartition-clash", builder ->
        rekeyed(builder, "in").cogroup(a).cogroup(rekeyed(builder, "in-2"), b)
            .aggregate(() -> "", store("together", Serdes.String()))).refused());
    cases.add(new Case("cogroup-reused", CogroupCases::reused));
    cases.add(new Case("cogroup-reused-by-others", CogroupCases::reusedByOthers));
    cases.add(new Case("cogroup-and-aggregate", builder -> {
      KGroupedStream<String, String> one = rekeyed(builder, "in");
      one.cogroup(a).cogroup(grouped(builder, "in-2"), b).aggregate(() -> "");
      one.aggregate(() -> "", a);
    }));
    cases.add(new Case("cogroup-twice", builder -> {
      CogroupedKStream<String, String> one = builder.<String, String>stream("in")
          .selectKey((key, value) -> value).groupByKey(Grouped.as("foo")).cogroup(a);
      one.aggregate(() -> "");
      one.aggregate(() -> "");
    }));
    cases.add(late(new Case("cogroup-windowed", builder ->
        two(builder).windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(10), Duration.ofMillis(2)))
            .aggregate(() -> "", windows("together", Serdes.String())).toStream()
            .to("out", windowed(Serdes.String(), 10)))));
    cases.add(late(new Case("cogroup-sliding", builder ->
        two(builder).windowedBy(SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(5), Duration.ofMillis(3)))
            .aggregate(() -> "", Named.as("slide"), windows("together", Serdes.String())).toStream()
            .to("out", windowed(Serdes.String(), 5)))));
    cases.add(late(new Case("cogroup-session", builder ->
        two(builder).windowedBy(SessionWindows.ofInactivityGapAndGrace(Duration.ofMillis(5), Duration.ofMillis(3)))
            .aggregate(() -> "", (key, one, other) -> one + other, sessions("together", Serdes.String())).toStream()
            .to("out", SessionCases.sessionKeys(Serdes.String())))));
    cases.add(new Case("cogroup-windowed-unnamed", builder -> {
      TimeWindows size = TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(10));
      CogroupedKStream<String, String> both = rekeyed(builder, "in").cogroup(a).cogroup(grouped(builder, "in-2"), b);
      both.windowedBy(size).aggregate(() -> "");
      both.windowedBy(SlidingWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(10))).aggregate(() -> "");
      both.windowedBy(SessionWindows.ofInactivityGapWithNoGrace(Duration.ofMillis(10)))
          .aggregate(() -> "", (key, one, other) -> one + other, Named.as("named"));
    }));
    return cases;
  }

  private static Case records(Case one) {
    return one.in("in", "k", "1", 5).in("in-2", "k", "2", 3).in("in", null, "x", 4).in("in-2", null, "x", 4)
        .in("in", "k", null, 6).in("in-2", "l", "3", 2).in("in", "l", "4", 9).header("trace", "t")
        .in("in-2", "k", null, 7).in("in-2", "k", "5", 12).in("in", "2", "k", 13).in("in", "k", "6", 1);
  }

  private static Case late(Case one) {
    return one.in("in", "k", "1", 0).in("in-2", "k", "2", 9).in("in", "k", "3", 12).in("in-2", "k", "4", 4)
        .in("in", "k", "5", 4).in("in", "l", "6", 17).in("in-2", "k", "7", 6).in("in", "k", "8", 6)
        .in("in-2", "l", "9", 19).in("in-2", "k", "10", 8).in("in", "k", null, 19).in("in", null, "x", 20)
        .in("in", "k", "11", 14).in("in-2", "k", "12", 40).in("in-2", "l", "13", 20).in("in", "l", "14", 19);
  }

  private static void types(StreamsBuilder builder) {
    Consumed<String, Long> longs = Consumed.with(Serdes.String(), Serdes.Long());
    grouped(builder, "in")
        .<Long>cogroup((key, value, sum) -> value.equals("none") ? null : sum + value.length())
        .cogroup(builder.stream("in-2", longs).groupByKey(), (key, value, sum) -> sum + value)
        .cogroup(builder.stream("in-3", longs).groupByKey(), (key, value, sum) -> sum * value)
        .aggregate(() -> 100L, store("sums", Serdes.Long()))
        .toStream().to("out", GroupCases.longs);
  }

  private static void reused(StreamsBuilder builder) {
    KGroupedStream<String, String> one = rekeyed(builder, "in");
    KGroupedStream<String, String> two = grouped(builder, "in-2");
    one.cogroup(a).cogroup(two, b).aggregate(() -> "").toStream().to("out");
    one.cogroup(a).cogroup(two, b).aggregate(() -> "").toStream().to("out-2");
  }

  private static void reusedByOthers(StreamsBuilder builder) {
    KGroupedStream<String, String> one = rekeyed(builder, "in");
    one.cogroup(a).cogroup(grouped(builder, "in-3"), b).aggregate(() -> "");
    one.cogroup(a).cogroup(grouped(builder, "in-2"), b).aggregate(() -> "");
  }
}
