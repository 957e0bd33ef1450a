package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.TimeWindows;

/** Streams of all topics that match a regular expression. */
final class PatternCases {
  private static final Pattern numbered = Pattern.compile("in-\\d+");

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(fed("pattern", builder -> stream(builder, numbered).mapValues(value -> value + "!").to("out")));
    cases.add(fed("pattern-named", builder ->
        builder.<String, String>stream(numbered, Consumed.as("numbered")).to("out")));
    // The test driver of Kafka Streams forgets the flags.
    cases.add(new Case("pattern-any-case", builder ->
        stream(builder, Pattern.compile("IN-[0-9]+", Pattern.CASE_INSENSITIVE)).to("out")));
    cases.add(fed("pattern-alternatives", builder ->
        stream(builder, Pattern.compile("in-1|in-22|in-333")).to("out")));
    cases.add(fed("pattern-twice", builder -> {
      stream(builder, numbered).filter((key, value) -> key != null).to("out");
      stream(builder, Pattern.compile("in-\\d+")).mapValues(value -> value + "?").to("out-2");
    }));
    cases.add(fed("pattern-count", builder -> stream(builder, numbered).groupByKey()
        .count(GroupCases.store("counts", Serdes.Long())).toStream().to("out", GroupCases.longs)));
    cases.add(fed("pattern-rekeyed", builder -> stream(builder, numbered)
        .groupBy((key, value) -> value.substring(0, 1), Grouped.as("by-letter"))
        .reduce((a, b) -> a + b, GroupCases.store("reduced", Serdes.String())).toStream().to("out")));
    cases.add(fed("pattern-windowed", builder -> stream(builder, numbered).groupByKey()
        .windowedBy(TimeWindows.ofSizeAndGrace(Duration.ofMillis(5), Duration.ofMillis(2)))
        .count(GroupCases.windows("windowed", Serdes.Long()))
        .toStream().map((key, value) -> KeyValue.pair(key.key(), value)).to("out", GroupCases.longs)));
    cases.add(fed("pattern-merge", builder -> stream(builder, numbered)
        .merge(builder.stream("other")).merge(stream(builder, Pattern.compile("more-.*"))).to("out"))
        .in("other", "k", "o", 7).in("more-of-it", "k", "m", 8));
    cases.add(fed("pattern-repartition", builder -> stream(builder, numbered).repartition().to("out")));
    cases.add(fed("pattern-to-table", builder ->
        stream(builder, numbered).toTable(GroupCases.store("latest", Serdes.String())).toStream().to("out")));
    joins(cases, "pattern-joins");
    cases.add(new Case("pattern-beside-global", builder -> {
      builder.globalTable("in-7", GroupCases.store("rows", Serdes.String()));
      stream(builder, numbered).to("out");
    }));
    refused(cases);
    return cases;
  }

  /** As declared, and optimized. */
  private static void joins(List<Case> cases, String name) {
    for (boolean optimized : new boolean[] {false, true}) {
      Case one = new Case(name + (optimized ? "-optimized" : ""), PatternCases::joined);
      if (optimized) one.config(StreamsConfig.TOPOLOGY_OPTIMIZATION_CONFIG, StreamsConfig.OPTIMIZE);
      cases.add(one.in("table", "a", "row", 0).in("in-1", "a", "a1", 1).in("in-22", "b", "a2", 2)
          .in("in-1", "b", "b3", 3).in("table", "b", "row-b", 4).in("in-22", "a", "b4", 5)
          .in("in-333", null, "b5", 6));
    }
  }

  private static void joined(StreamsBuilder builder) {
    KStream<String, String> stream = stream(builder, numbered);
    stream.join(builder.<String, String>table("table", GroupCases.store("rows", Serdes.String())), (a, b) -> a + b)
        .to("out");
    stream.join(stream, (a, b) -> a + b, JoinWindows.ofTimeDifferenceWithNoGrace(Duration.ofMillis(3))).to("out-2");
    KStream<String, String> keyed = stream.selectKey((key, value) -> value.substring(0, 1));
    keyed.groupByKey(Grouped.as("counted")).count(GroupCases.store("counts", Serdes.Long()))
        .toStream().to("out-3", GroupCases.longs);
    keyed.groupByKey(Grouped.as("reduced")).reduce((a, b) -> a + b).toStream().to("out-4");
  }

  private static void refused(List<Case> cases) {
    cases.add(new Case("pattern-of-a-topic", builder -> {
      builder.<String, String>stream("in-1").to("out");
      stream(builder, numbered).to("out");
    }).refused());
    cases.add(new Case("pattern-then-topic", builder -> {
      stream(builder, numbered).to("out");
      builder.<String, String>stream("in-1").to("out");
    }).refused());
    cases.add(new Case("pattern-then-table", builder -> {
      stream(builder, numbered).to("out");
      builder.<String, String>table("in-1").toStream().to("out");
    }).refused());
    cases.add(new Case("pattern-then-global", builder -> {
      stream(builder, numbered).to("out");
      builder.globalTable("in-1");
    }).refused());
    cases.add(new Case("pattern-of-own-repartition", builder -> stream(builder, Pattern.compile(".*"))
        .groupBy((key, value) -> value, Grouped.as("by-value")).count().toStream().to("out", GroupCases.longs))
        .refused());
    cases.add(new Case("pattern-reset-differently", builder -> {
      builder.<String, String>stream(numbered, Consumed.with(AutoOffsetReset.earliest())).to("out");
      builder.<String, String>stream(numbered, Consumed.with(AutoOffsetReset.latest())).to("out");
    }).refused());
  }

  private static Case fed(String name, java.util.function.Consumer<StreamsBuilder> topology) {
    return new Case(name, topology).in("in-1", "a", "x1", 1).in("in-22", "a", "y2", 2).in("in-1", "b", "x3", 9)
        .in("in-333", "a", "x4", 4).in("in-22", null, "y5", 5).in("in-22", "b", "y6", 12).in("in-1", "a", "x7", 3);
  }

  private static KStream<String, String> stream(StreamsBuilder builder, Pattern pattern) {
    return builder.stream(pattern);
  }
}
