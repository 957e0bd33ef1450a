package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Printed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.SlidingWindows;
import org.apache.kafka.streams.kstream.TimeWindows;

/** What nodes, topics and stores are called, with names of the user's and without, and which names clash. */
final class NamingCases {
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(new Case("names-none", NamingCases::none));
    cases.add(new Case("names-all", NamingCases::everything));
    cases.add(new Case("names-print", builder -> {
      KStream<String, String> stream = builder.stream("in");
      stream.print(Printed.toSysOut());
      stream.mapValues(value -> value).print(Printed.<String, String>toSysOut().withName("printer").withLabel("words"));
    }));
    cases.add(new Case("names-branches", builder -> {
      builder.<String, String>stream("in").split(Named.as("by-"))
          .branch((key, value) -> value.isEmpty(), Branched.as("none"))
          .branch((key, value) -> value.length() > 1)
          .defaultBranch(Branched.as("one"))
          .forEach((name, stream) -> {
            if (!name.equals("by-none")) stream.to(name);
          });
    }));
    cases.add(new Case("names-of-groups", NamingCases::groups));
    cases.add(new Case("names-of-windows", NamingCases::windows));
    cases.add(new Case("names-of-tables", NamingCases::tables));
    cases.add(new Case("names-stores-only", builder ->
        builder.<String, String>stream("in").selectKey((key, value) -> value).groupByKey()
            .count(GroupCases.store("counts", Serdes.Long()))
            .mapValues(count -> "n" + count, GroupCases.store("texts", Serdes.String()))
            .filter((key, value) -> true, GroupCases.store("kept", Serdes.String()))
            .toStream().to("out")));
    cases.add(new Case("names-repartition-partitions", builder ->
        builder.<String, String>stream("in")
            .repartition(Repartitioned.<String, String>as("wide").withNumberOfPartitions(6))
            .repartition(Repartitioned.numberOfPartitions(2))
            .leftJoin(builder.<String, String>table("table"), (a, b) -> a + b).to("out")));
    cases.add(new Case("repartition-partitioner", builder ->
        builder.<String, String>stream("in")
            .repartition(Repartitioned.<String, String>streamPartitioner((topic, key, value, partitions) ->
                value.equals("none") ? Optional.of(Set.of()) : value.equals("key") ? Optional.empty()
                    : Optional.of(Set.of(0))).withName("chosen"))
            .to("out", Produced.streamPartitioner((topic, key, value, partitions) ->
                value.equals("dropped") ? Optional.of(Set.of()) : Optional.of(Set.of(partitions - 1)))))
        .in("in", "k", "a", 1).in("in", "l", "none", 2).in("in", "m", "key", 3).in("in", "n", "dropped", 4)
        .in("in", null, "b", 5).in("in", "o", "c", 6));
    refused(cases);
    return cases;
  }

  private static void none(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    KTable<String, String> table = builder.table("table");
    stream.filter((key, value) -> true).filterNot((key, value) -> false).map(KeyValue::pair)
        .flatMap((key, value) -> List.of(KeyValue.pair(key, value))).mapValues(value -> value)
        .flatMapValues(value -> List.of(value)).peek((key, value) -> {}).selectKey((key, value) -> key)
        .merge(builder.stream("in-2")).repartition().toTable().toStream().to("out");
    stream.foreach((key, value) -> {});
    table.filter((key, value) -> true).filterNot((key, value) -> false).mapValues(value -> value)
        .toStream().selectKey((key, value) -> value).toTable().toStream().to("out-2");
    stream.join(table, (a, b) -> a).to("out-3");
    stream.leftJoin(table, (a, b) -> a).to("out-4");
  }

  private static void everything(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in", Consumed.as("words"));
    KTable<String, String> table = builder.table("table", Consumed.as("rows"));
    stream.filter((key, value) -> true, Named.as("keep")).filterNot((key, value) -> false, Named.as("drop"))
        .map(KeyValue::pair, Named.as("map"))
        .flatMap((key, value) -> List.of(KeyValue.pair(key, value)), Named.as("flat-map"))
        .mapValues(value -> value, Named.as("map-values"))
        .flatMapValues(value -> List.of(value), Named.as("flat-map-values"))
        .peek((key, value) -> {}, Named.as("peek")).selectKey((key, value) -> key, Named.as("select-key"))
        .merge(builder.stream("in-2", Consumed.as("more")), Named.as("merge"))
        .repartition(Repartitioned.as("again")).toTable(Named.as("to-table")).toStream(Named.as("to-stream"))
        .to("out", Produced.as("sink"));
    stream.foreach((key, value) -> {}, Named.as("each"));
    table.filter((key, value) -> true, Named.as("keep-rows"))
        .filterNot((key, value) -> false, Named.as("drop-rows"))
        .mapValues(value -> value, Named.as("map-rows")).toStream(Named.as("rows-to-stream"))
        .selectKey((key, value) -> value, Named.as("select-row-key")).toTable(Named.as("to-rows"))
        .toStream(Named.as("rows-again")).to("out-2", Produced.as("sink-2"));
    stream.join(table, (a, b) -> a, Joined.as("join")).to("out-3", Produced.as("sink-3"));
    stream.leftJoin(table, (a, b) -> a, Joined.as("left-join")).to("out-4", Produced.as("sink-4"));
  }

  private static void groups(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    stream.groupBy((key, value) -> value, Grouped.as("by-value")).count(Named.as("number"));
    stream.groupBy((key, value) -> value, Grouped.as("by-value-too")).reduce((a, b) -> a, Named.as("reduce"), Materialized.with(Serdes.String(), Serdes.String()));
    stream.groupByKey(Grouped.as("not-repartitioned")).aggregate(() -> "", (key, value, all) -> all, Named.as("sum"),
        GroupCases.store("sums", Serdes.String()));
    stream.selectKey((key, value) -> value, Named.as("rekey")).groupByKey(Grouped.as("by-new-key"))
        .count(Named.as("number-too"), GroupCases.store("numbers", Serdes.Long()))
        .toStream(Named.as("out-stream")).to("out", GroupCases.longs);
  }

  private static void windows(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    TimeWindows time = TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(10));
    stream.groupBy((key, value) -> value, Grouped.as("by-time")).windowedBy(time).count(Named.as("in-time"));
    stream.groupBy((key, value) -> value, Grouped.as("by-sliding"))
        .windowedBy(SlidingWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(10)))
        .reduce((a, b) -> a, Named.as("in-sliding"), GroupCases.windows("sliding", Serdes.String()));
    stream.groupBy((key, value) -> value, Grouped.as("by-session"))
        .windowedBy(SessionWindows.ofInactivityGapWithNoGrace(Duration.ofMillis(10)))
        .count(Named.as("in-session"));
  }

  private static void tables(StreamsBuilder builder) {
    KTable<String, String> table = builder.table("table", GroupCases.store("rows", Serdes.String()));
    table.filter((key, value) -> true, Named.as("keep"), GroupCases.store("kept", Serdes.String()));
    table.mapValues(value -> value, Named.as("change"), GroupCases.store("changed", Serdes.String()));
    table.groupBy((key, value) -> KeyValue.pair(value, key), Grouped.as("by-value"))
        .reduce((a, b) -> a, (a, b) -> a, Named.as("reduce"), GroupCases.store("reduced", Serdes.String()));
    table.groupBy((key, value) -> KeyValue.pair(value, key)).count(Named.as("number"));
    builder.globalTable("global", Consumed.as("everywhere"));
    builder.globalTable("global-2", GroupCases.store("global-rows", Serdes.String()));
  }

  private static void refused(List<Case> cases) {
    cases.add(new Case("names-node-twice", builder -> {
      builder.<String, String>stream("in").mapValues(value -> value, Named.as("same"))
          .filter((key, value) -> true, Named.as("same"));
    }).refused());
    cases.add(new Case("names-store-twice", builder -> {
      builder.<String, String>stream("in").groupByKey().count(GroupCases.store("same", Serdes.Long()));
      builder.<String, String>stream("in").groupByKey().reduce((a, b) -> a, GroupCases.store("same", Serdes.String()));
    }).refused());
    cases.add(new Case("names-repartition-twice", builder -> {
      KStream<String, String> stream = builder.<String, String>stream("in").selectKey((key, value) -> value);
      stream.groupByKey(Grouped.as("same")).count();
      stream.groupByKey(Grouped.as("same")).count();
    }).refused());
    cases.add(new Case("names-repartition-of-joins-twice", builder -> {
      KStream<String, String> left = builder.<String, String>stream("in").selectKey((key, value) -> value);
      KStream<String, String> right = builder.stream("in-2");
      JoinWindows windows = JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(10));
      var named = org.apache.kafka.streams.kstream.StreamJoined
          .with(Serdes.String(), Serdes.String(), Serdes.String()).withName("same").withStoreName("same");
      left.join(right, (a, b) -> a, windows, named);
      left.join(builder.<String, String>stream("in-3"), (a, b) -> a, windows, named);
    }).refused());
    cases.add(new Case("topics-overlap", builder -> {
      builder.stream(List.of("in", "in-2"));
      builder.stream(List.of("in-2", "in-3"));
    }).refused());
    cases.add(new Case("topics-table-twice", builder -> {
      builder.table("in", GroupCases.store("rows", Serdes.String()));
      builder.table("in", GroupCases.store("more", Serdes.String()));
    }).refused());
    cases.add(new Case("topics-reset-differently", builder -> {
      builder.stream("in", Consumed.with(org.apache.kafka.streams.AutoOffsetReset.earliest()));
      builder.stream("in", Consumed.with(org.apache.kafka.streams.AutoOffsetReset.latest()));
    }).refused());
    cases.add(new Case("topics-reset-once", builder -> {
      builder.stream("in", Consumed.with(org.apache.kafka.streams.AutoOffsetReset.earliest()));
      builder.stream("in");
    }).refused());
    cases.add(new Case("store-unknown", builder ->
        builder.<String, String>stream("in").process(ProcessorCases.Pass::new, "unknown").to("out")).refused());
  }
}
