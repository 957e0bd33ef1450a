package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TopologyConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;

/** Topologies that the optimizer rewrites, each built as declared and optimized. */
final class OptimizerCases {
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    twice(cases, "repartitions", OptimizerCases::repartitions);
    twice(cases, "repartitions-unnamed", OptimizerCases::unnamed);
    twice(cases, "repartitions-of-two-streams", OptimizerCases::ofTwoStreams, "in-2");
    twice(cases, "repartitions-behind-merge", OptimizerCases::behindMerge, "in-2");
    twice(cases, "repartitions-behind-one-sided-merge", OptimizerCases::behindOneSidedMerge, "in-2");
    twice(cases, "repartitions-of-other-values", OptimizerCases::ofOtherValues);
    twice(cases, "repartitions-asked-for", OptimizerCases::askedFor);
    twice(cases, "repartitions-nested", OptimizerCases::nested);
    twice(cases, "repartitions-for-joins", OptimizerCases::forJoins, "table");
    twice(cases, "merges-of-one-change", OptimizerCases::mergesOfOneChange);
    twice(cases, "process-grouped", OptimizerCases::processGrouped);
    twice(cases, "source-tables", OptimizerCases::sourceTables, "in-2", "table");
    twice(cases, "self-join", builder -> {
      KStream<String, String> stream = builder.stream("in");
      stream.join(stream, OptimizerCases::pair, within, named("joined")).to("out");
    });
    twice(cases, "self-join-unnamed", OptimizerCases::selfJoinsUnnamed);
    twice(cases, "self-join-merged", builder -> {
      KStream<String, String> merged = builder.<String, String>stream("in").merge(builder.stream("in-2"));
      merged.join(merged, OptimizerCases::pair, within).to("out");
    }, "in-2");
    twice(cases, "self-join-three-ways", builder -> {
      KStream<String, String> stream = builder.stream("in");
      stream.join(builder.<String, String>stream("in"), OptimizerCases::pair, within)
          .join(builder.<String, String>stream("in-2"), OptimizerCases::pair, within).to("out");
      stream.join(builder.<String, String>stream("in"), OptimizerCases::pair, within)
          .join(stream, OptimizerCases::pair, within).to("out-2");
    }, "in-2");
    twice(cases, "self-join-not", builder -> {
      KStream<String, String> stream = builder.stream("in");
      stream.filter((key, value) -> true).join(stream, OptimizerCases::pair, within).to("out");
      stream.mapValues(value -> value).join(stream, OptimizerCases::pair, within).to("out-2");
      stream.join(builder.<String, String>stream("in-2"), OptimizerCases::pair, within).to("out-3");
    }, "in-2");
    twice(cases, "self-join-rekeyed", builder -> {
      KStream<String, String> keyed =
          builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
      keyed.join(keyed, OptimizerCases::pair, within, named("named")).to("out");
      keyed.join(keyed, OptimizerCases::pair, within).to("out-2");
    });
    twice(cases, "self-join-asymmetric", builder -> {
      KStream<String, String> stream = builder.stream("in");
      stream.join(stream, OptimizerCases::pair, JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(2),
          Duration.ofMillis(3)).after(Duration.ofMillis(5)), named("after")).to("out");
      stream.join(stream, OptimizerCases::pair, JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(0),
          Duration.ofMillis(4)).before(Duration.ofMillis(6)), named("before")).to("out-2");
    });
    cases.add(optimized(inputs(new Case("self-join-only-others", OptimizerCases::selfJoinsUnnamed)),
        StreamsConfig.REUSE_KTABLE_SOURCE_TOPICS + "," + StreamsConfig.MERGE_REPARTITION_TOPICS));
    cases.add(optimized(inputs(new Case("self-join-only", OptimizerCases::selfJoinsUnnamed)),
        StreamsConfig.SINGLE_STORE_SELF_JOIN));
    twice(cases, "repartitions-and-stream-join", OptimizerCases::andStreamJoin);
    cases.add(optimized(inputs(new Case("repartitions-only-reuse", OptimizerCases::repartitions)),
        StreamsConfig.REUSE_KTABLE_SOURCE_TOPICS + "," + StreamsConfig.SINGLE_STORE_SELF_JOIN));
    cases.add(optimized(inputs(new Case("repartitions-only-merge", OptimizerCases::repartitions)),
        StreamsConfig.MERGE_REPARTITION_TOPICS));
    return cases;
  }

  /** The topology as declared, and with all optimizations. */
  static void twice(List<Case> cases, String name, Consumer<StreamsBuilder> topology,
      String... topics) {
    cases.add(inputs(new Case(name, topology), topics));
    cases.add(optimized(inputs(new Case(name + "-optimized", topology), topics), StreamsConfig.OPTIMIZE));
  }

  static Case optimized(Case one, String optimizations) {
    // Without its fix for processors, which is off unless it is asked for, Java puts what they make into the wrong place.
    return one.config(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, optimizations)
        .config(TopologyConfig.InternalConfig.ENABLE_PROCESS_PROCESSVALUE_FIX, true);
  }

  /** Records of the topic "in", and of others that the topology reads. */
  private static Case inputs(Case one, String... topics) {
    one.in("in", "k", "ab", 5).in("in", "l", "bc", 3).in("in-2", "k", "ab", 4).in("table", "a", "x", 4)
        .in("in", "k", null, 6).in("in", null, "ac", 7).in("in-2", "m", "cd", 8).in("table", "b", "y", 8)
        .in("in", "k", "aa", 9).in("in", "m", "ba", 1).in("table", "a", null, 9).in("in-2", null, "bd", 10)
        .in("in", "n", "ad", 11).in("table", "a", "z", 12).in("in", "m", "bb", 13).in("in-2", "k", "a", 14);
    List<String> read = new ArrayList<>(List.of(topics));
    read.add("in");
    one.steps.removeIf(step -> !read.contains(((Case.Input) step).topic()));
    return one;
  }

  private static final JoinWindows within =
      JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(4), Duration.ofMillis(3));

  private static String pair(String a, String b) {
    return a + "-" + b;
  }

  private static StreamJoined<String, String, String> named(String name) {
    return StreamJoined.<String, String, String>as(name).withName(name);
  }

  private static void selfJoinsUnnamed(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    stream.filter((key, value) -> value != null).to("out-3");
    stream.join(builder.<String, String>stream("in"), OptimizerCases::pair, within).to("out");
    builder.<String, String>stream("in").join(builder.<String, String>stream("in"), OptimizerCases::pair, within)
        .to("out-2");
  }

  private static void andStreamJoin(StreamsBuilder builder) {
    KStream<String, String> mapped = lettered(builder);
    KStream<String, Long> counted = mapped.groupByKey(Grouped.as("counted"))
        .count(Named.as("count"), GroupCases.store("counts", Serdes.Long())).toStream(Named.as("counts-out"));
    counted.to("out", GroupCases.longs);
    mapped.filter((key, value) -> key.equals("a"), Named.as("join-filter"))
        .join(counted, (a, b) -> a + ":" + b, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(5000)),
            StreamJoined.<String, String, Long>with(Serdes.String(), Serdes.String(), Serdes.Long())
                .withStoreName("join-store").withName("join"))
        .to("out-joined");
  }

  private static String letter(String value) {
    return value == null ? "?" : value.substring(0, 1);
  }

  private static KStream<String, String> lettered(StreamsBuilder builder) {
    return builder.<String, String>stream("in", Consumed.as("source"))
        .map((key, value) -> KeyValue.pair(letter(value), value), Named.as("by-letter"));
  }

  private static void repartitions(StreamsBuilder builder) {
    KStream<String, String> mapped = lettered(builder);
    mapped.filter((key, value) -> key.equals("b"), Named.as("only-b"))
        .mapValues(value -> value + "!", Named.as("loud")).to("out-b");
    mapped.groupByKey(Grouped.as("counted")).count(Named.as("count"), GroupCases.store("counts", Serdes.Long()))
        .toStream(Named.as("counts-out")).to("out", GroupCases.longs);
    mapped.groupByKey(Grouped.as("collected"))
        .aggregate(() -> "", (key, value, all) -> all + value, Named.as("collect"),
            GroupCases.store("all", Serdes.String()))
        .toStream(Named.as("all-out")).to("out-all");
    mapped.filter((key, value) -> true, Named.as("reduce-filter"))
        .peek((key, value) -> { }, Named.as("reduce-peek"))
        .groupByKey(Grouped.as("reduced"))
        .reduce((a, b) -> a + ":" + b, Named.as("reduce"), GroupCases.store("joined", Serdes.String()))
        .toStream(Named.as("joined-out")).to("out-joined");
  }

  private static void unnamed(StreamsBuilder builder) {
    KStream<String, String> mapped =
        builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    mapped.filterNot((key, value) -> key.equals("?")).groupByKey().count().toStream().to("out", GroupCases.longs);
    mapped.groupByKey().reduce((a, b) -> a + b).toStream().to("out-2");
    mapped.toTable().toStream().to("out-3");
    mapped.to("out-4");
  }

  private static void ofTwoStreams(StreamsBuilder builder) {
    KStream<String, String> one = builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    KStream<String, String> two = builder.<String, String>stream("in-2").selectKey((key, value) -> letter(value));
    one.groupByKey(Grouped.as("one")).count();
    two.groupByKey(Grouped.as("two")).count().toStream().to("out-2", GroupCases.longs);
    one.groupByKey().reduce((a, b) -> a + b).toStream().to("out");
    two.groupByKey().reduce((a, b) -> a + b).toStream().to("out-3");
  }

  private static void behindMerge(StreamsBuilder builder) {
    KStream<String, String> one = builder.<String, String>stream("in")
        .map((key, value) -> KeyValue.pair(letter(value), value), Named.as("mapped-a"));
    KStream<String, String> two = builder.<String, String>stream("in-2")
        .map((key, value) -> KeyValue.pair(letter(value), value), Named.as("mapped-b"));
    KStream<String, String> merged = one.merge(two, Named.as("merged"));
    merged.groupByKey(Grouped.as("long")).count(Named.as("long-count"), GroupCases.store("longs", Serdes.Long()))
        .toStream(Named.as("long-stream")).to("out", GroupCases.longs);
    merged.groupByKey(Grouped.as("text")).count(Named.as("text-count"), GroupCases.store("texts", Serdes.Long()))
        .toStream(Named.as("text-stream")).mapValues(value -> value.toString(), Named.as("text-values")).to("out-2");
  }

  private static void behindOneSidedMerge(StreamsBuilder builder) {
    KStream<String, String> one = builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    KStream<String, String> merged = one.merge(builder.<String, String>stream("in-2").filter((key, value) -> true));
    merged.filter((key, value) -> key != null).groupByKey().reduce((a, b) -> a + b).toStream().to("out");
  }

  private static void ofOtherValues(StreamsBuilder builder) {
    KStream<String, String> mapped =
        builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    mapped.mapValues(value -> value + "!").groupByKey().count().toStream().to("out", GroupCases.longs);
    mapped.flatMapValues(value -> List.of(value + "", value + "2")).groupByKey()
        .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(5))).count().toStream()
        .to("out-2", GroupCases.windowed(Serdes.Long(), 5));
    mapped.processValues(() -> new ContextualFixedKeyProcessor<String, String, String>() {
      @Override
      public void process(FixedKeyRecord<String, String> record) {
        context().forward(record.withValue(record.value() + "?"));
      }
    }).groupByKey().count().toStream().to("out-3", GroupCases.longs);
  }

  private static void askedFor(StreamsBuilder builder) {
    KStream<String, String> mapped =
        builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    mapped.repartition().groupByKey().count().toStream().to("out", GroupCases.longs);
    mapped.repartition().groupByKey().reduce((a, b) -> a + b).toStream().to("out-2");
  }

  private static void nested(StreamsBuilder builder) {
    KStream<String, String> mapped =
        builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    mapped.groupByKey(Grouped.as("count-repartition")).count(GroupCases.store("counts", Serdes.Long()))
        .toStream().to("out", GroupCases.longs);
    mapped.groupByKey(Grouped.as("windowed-repartition"))
        .windowedBy(TimeWindows.ofSizeWithNoGrace(Duration.ofMillis(5)))
        .count(GroupCases.windows("windowed", Serdes.Long()))
        .toStream().map((key, value) -> KeyValue.pair(key.key(), value)).to("out-2", GroupCases.longs);
  }

  private static void forJoins(StreamsBuilder builder) {
    KTable<String, String> table = builder.table("table", GroupCases.store("rows", Serdes.String()));
    KStream<String, String> keyed =
        builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    keyed.join(table, (a, b) -> a + b).to("out");
    keyed.leftJoin(table, (a, b) -> a + b, Joined.as("left")).to("out-2");
    keyed.groupByKey().count().toStream().to("out-3", GroupCases.longs);
  }

  private static void mergesOfOneChange(StreamsBuilder builder) {
    KStream<String, String> keyed =
        builder.<String, String>stream("in").selectKey((key, value) -> letter(value));
    keyed.mapValues(value -> value + 1).merge(keyed.mapValues(value -> value + 2))
        .merge(keyed.mapValues(value -> value + 3)).to("out");
  }

  private static void processGrouped(StreamsBuilder builder) {
    builder.<String, String>stream("in")
        .map((key, value) -> KeyValue.pair(letter(value), value))
        .processValues(() -> new ContextualFixedKeyProcessor<String, String, String>() {
          @Override
          public void process(FixedKeyRecord<String, String> record) {
            context().forward(record.withValue(record.value() + "?"));
          }
        })
        .groupByKey().reduce((a, b) -> a + b).toStream().to("out");
  }

  private static void sourceTables(StreamsBuilder builder) {
    KTable<String, String> stored = builder.table("table", GroupCases.store("rows", Serdes.String()));
    KTable<String, String> joined = builder.table("in-2");
    stored.toStream().to("out");
    stored.groupBy((key, value) -> KeyValue.pair(value, key), Grouped.as("by-value"))
        .count(GroupCases.store("counts", Serdes.Long())).toStream().to("out-2", GroupCases.longs);
    builder.<String, String>stream("in").leftJoin(joined, (a, b) -> a + b).to("out-3");
    builder.<String, String>table("in-3").toStream().to("out-4");
  }
}
