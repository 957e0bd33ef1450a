package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.WindowStore;

/** Aggregations of streams, windowed and not. */
final class GroupCases {
  static final Produced<String, Long> longs = Produced.with(Serdes.String(), Serdes.Long());

  static <V> Materialized<String, V, KeyValueStore<Bytes, byte[]>> store(String name, Serde<V> serde) {
    return Materialized.<String, V, KeyValueStore<Bytes, byte[]>>as(name)
        .withKeySerde(Serdes.String()).withValueSerde(serde);
  }

  static <V> Materialized<String, V, WindowStore<Bytes, byte[]>> windows(String name, Serde<V> serde) {
    return Materialized.<String, V, WindowStore<Bytes, byte[]>>as(name)
        .withKeySerde(Serdes.String()).withValueSerde(serde);
  }

  static <V> Produced<Windowed<String>, V> windowed(Serde<V> serde, long sizeMs) {
    return Produced.with(WindowedSerdes.timeWindowedSerdeFrom(String.class, sizeMs), serde);
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(records(new Case("count", builder ->
        builder.<String, String>stream("in").groupByKey()
            .count(store("counts", Serdes.Long())).toStream().to("out", longs))));
    cases.add(records(new Case("count-unnamed", builder ->
        builder.<String, String>stream("in").groupByKey().count().toStream().to("out", longs))));
    cases.add(records(new Case("reduce", builder ->
        builder.<String, String>stream("in").groupByKey()
            .reduce((a, b) -> a + b, store("joined", Serdes.String())).toStream().to("out"))));
    cases.add(records(new Case("aggregate", builder ->
        builder.<String, String>stream("in").groupByKey()
            .aggregate(() -> "", (key, value, all) -> value.equals("c") ? null : all + key + value,
                Named.as("collect"), store("all", Serdes.String()))
            .toStream(Named.as("updates")).to("out"))));
    cases.add(records(new Case("group-by", builder ->
        builder.<String, String>stream("in").groupBy((key, value) -> value)
            .count(store("counts", Serdes.Long())).toStream().to("out", longs))));
    cases.add(new Case("group-by-unnamed-twice", GroupCases::unnamedTwice));
    cases.add(new Case("group-by-named-twice", GroupCases::namedTwice));
    cases.add(new Case("group-by-key-rekeyed", GroupCases::groupByKeyRekeyed));
    cases.add(new Case("repartition-chain", GroupCases::chain)
        .in("in", "k", "ab", 1).in("in", "l", "abc", 5).in("in", "m", "xy", 3).in("in", null, "ab", 4)
        .in("in", "k", "abc", 2));
    cases.add(late(new Case("windowed-count", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(10), Duration.ofMillis(5)))
            .count(windows("counts", Serdes.Long())).toStream()
            .to("out", windowed(Serdes.Long(), 10)))));
    cases.add(late(new Case("windowed-reduce-no-grace", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(10)))
            .reduce((a, b) -> a + b, Named.as("reduced"), windows("joined", Serdes.String()))
            .toStream().to("out", windowed(Serdes.String(), 10)))));
    cases.add(late(new Case("hopping-aggregate", builder ->
        builder.<String, String>stream("in").groupByKey()
            .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(10), Duration.ofMillis(3))
                .advanceBy(Duration.ofMillis(4)))
            .aggregate(() -> "", (key, value, all) -> all + value, windows("all", Serdes.String()))
            .toStream().to("out", windowed(Serdes.String(), 10)))));
    cases.add(new Case("windowed-unnamed", builder -> {
      KGroupedStream<String, String> grouped =
          builder.<String, String>stream("in").groupBy((key, value) -> value);
      TimeWindows size = TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(10));
      grouped.windowedBy(size).count();
      grouped.windowedBy(size).reduce((a, b) -> a + b);
      grouped.windowedBy(size).aggregate(() -> "", (key, value, all) -> all, Named.as("named"));
    }));
    return cases;
  }

  private static Case records(Case one) {
    return one.in("in", "k", "a", 5).in("in", "k", "b", 3).in("in", null, "x", 4).in("in", "k", null, 6)
        .in("in", "l", "a", 2).in("in", "k", "c", 9).in("in", "k", "a", 7).in("in", "l", "d", 12);
  }

  private static Case late(Case one) {
    return one.in("in", "k", "a", 0).in("in", "k", "b", 9).in("in", "l", "c", 12).in("in", "k", "d", 5)
        .in("in", "k", "e", 10).in("in", null, "f", 11).in("in", "k", "g", 15).in("in", "k", "h", 4)
        .in("in", "l", "i", 21).in("in", "l", "j", 13).in("in", "l", "k", 26).in("in", "l", "m", 14)
        .in("in", "k", null, 24).in("in", "l", null, 25).in("in", "k", "n", 27);
  }

  private static void unnamedTwice(StreamsBuilder builder) {
    KGroupedStream<String, String> grouped =
        builder.<String, String>stream("in").groupBy((key, value) -> value);
    grouped.count();
    grouped.reduce((a, b) -> a);
    grouped.aggregate(() -> "", (key, value, all) -> all);
  }

  private static void namedTwice(StreamsBuilder builder) {
    KGroupedStream<String, String> grouped = builder.<String, String>stream("in")
        .groupBy((key, value) -> value, Grouped.as("by-value"));
    grouped.count();
    grouped.reduce((a, b) -> a, store("reduced", Serdes.String()));
    grouped.windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(10))).count();
    builder.<String, String>stream("in-2").to("out");
  }

  private static void groupByKeyRekeyed(StreamsBuilder builder) {
    KStream<String, String> stream =
        builder.<String, String>stream("in").selectKey((key, value) -> value);
    stream.groupByKey().count();
    stream.groupByKey(Grouped.as("named")).count(Named.as("counted"));
    stream.groupByKey().reduce((a, b) -> a, Named.as("reducer"), store("reduced", Serdes.String()));
    stream.to("out");
  }

  private static void chain(StreamsBuilder builder) {
    builder.<String, String>stream("in")
        .selectKey((key, value) -> value.substring(0, 1))
        .groupByKey()
        .reduce((a, b) -> a + "+" + b, store("by-letter", Serdes.String()))
        .toStream()
        .selectKey((key, value) -> String.valueOf(value.length()))
        .groupByKey(Grouped.as("by-length"))
        .count(store("lengths", Serdes.Long()))
        .toStream()
        .mapValues(count -> "n" + count)
        .to("out");
  }
}
