package oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Branched;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.RecordContext;
import org.apache.kafka.streams.processor.TopicNameExtractor;

/** Operators without state. */
final class StreamCases {
  static final class ByValue implements TopicNameExtractor<String, String> {
    @Override
    public String extract(String key, String value, RecordContext context) {
      return "out-" + value;
    }

    @Override
    public String toString() {
      return "byValue";
    }
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(new Case("stateless", StreamCases::stateless)
        .in("in", "k", "ab cd", 5).in("in", null, "ef gh", 3).in("in", "k", "drop", 4)
        .in("in", "k", "skip", 4).in("in", "l", "x y z", 6));
    cases.add(new Case("stateless-named", StreamCases::statelessNamed));
    cases.add(new Case("rekeyed", StreamCases::rekeyed)
        .in("in", "k", "ab", 5).in("in", null, "cd", 3).in("in", "l", "efg", 9));
    cases.add(new Case("split", StreamCases::split)
        .in("in", "k", "a1", 1).in("in", "k", "b1", 2).in("in", "k", "c1", 3).in("in", null, "a2", 4));
    cases.add(new Case("split-named", StreamCases::splitNamed)
        .in("in", "k", "a1", 1).in("in", "k", "b1", 2).in("in", "k", "c1", 3));
    cases.add(new Case("merge", StreamCases::merge)
        .in("in", "k", "a", 1).in("in-2", "k", "b", 2).in("in", "k", null, 3).in("in-2", null, "c", 0));
    cases.add(new Case("merge-rekeyed", StreamCases::mergeRekeyed)
        .in("in", "k", "a", 1).in("in-2", "k", "b", 2).in("in-2", "x", "a", 3).in("in", "k", "a", 2));
    cases.add(new Case("repartition", StreamCases::repartition));
    cases.add(new Case("same-topic-twice", StreamCases::sameTopicTwice)
        .in("in", "k", "a", 1).in("in", "k", "b", 2));
    cases.add(new Case("several-topics", StreamCases::severalTopics));
    cases.add(new Case("dynamic-topic", StreamCases::dynamicTopic)
        .in("in", "k", "a", 1).in("in", "l", "b", 2));
    cases.add(new Case("wide", StreamCases::wide));
    cases.add(new Case("diamonds", StreamCases::diamonds));
    return cases;
  }

  private static void stateless(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    stream
        .filter((key, value) -> !value.equals("drop"))
        .filterNot((key, value) -> value.equals("skip"))
        .mapValues((key, value) -> value + "!")
        .flatMapValues(value -> List.of(value.split(" ")))
        .peek((key, value) -> {})
        .to("out");
    stream.foreach((key, value) -> {});
  }

  private static void statelessNamed(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in", Consumed.as("source"));
    stream
        .filter((key, value) -> true, Named.as("filter"))
        .filterNot((key, value) -> false, Named.as("filter-not"))
        .mapValues(value -> value, Named.as("map-values"))
        .flatMapValues(value -> List.of(value), Named.as("flat-map-values"))
        .map((key, value) -> KeyValue.pair(key, value), Named.as("map"))
        .flatMap((key, value) -> List.of(KeyValue.pair(key, value)), Named.as("flat-map"))
        .selectKey((key, value) -> key, Named.as("select-key"))
        .peek((key, value) -> {}, Named.as("peek"))
        .merge(builder.stream("in-2"), Named.as("merge"))
        .to("out", Produced.as("sink"));
    stream.foreach((key, value) -> {}, Named.as("foreach"));
    stream.mapValues(value -> value).to("out-2");
  }

  private static void rekeyed(StreamsBuilder builder) {
    builder.<String, String>stream("in")
        .map((key, value) -> KeyValue.pair(value, value + "1"))
        .selectKey((key, value) -> value + "2")
        .flatMap((key, value) -> List.of(KeyValue.pair(key + "3", value), KeyValue.pair(value, key)))
        .to("out");
  }

  private static void split(StreamsBuilder builder) {
    Map<String, KStream<String, String>> branches = builder.<String, String>stream("in")
        .split()
        .branch((key, value) -> value.startsWith("a"))
        .branch((key, value) -> value.startsWith("b"))
        .defaultBranch();
    branches.get("KSTREAM-BRANCH-00000000011").to("out-a");
    branches.get("KSTREAM-BRANCH-00000000012").to("out-b");
    branches.get("KSTREAM-BRANCH-00000000010").to("out-rest");
  }

  private static void splitNamed(StreamsBuilder builder) {
    Map<String, KStream<String, String>> branches = builder.<String, String>stream("in")
        .split(Named.as("by-letter-"))
        .branch((key, value) -> value.startsWith("a"), Branched.as("a"))
        .branch((key, value) -> value.startsWith("b"), Branched.as("b"))
        .noDefaultBranch();
    branches.get("by-letter-a").to("out-a");
    branches.get("by-letter-b").mapValues(value -> value).to("out-b");
  }

  private static void merge(StreamsBuilder builder) {
    builder.<String, String>stream("in").merge(builder.stream("in-2")).to("out");
  }

  private static void mergeRekeyed(StreamsBuilder builder) {
    builder.<String, String>stream("in")
        .selectKey((key, value) -> value)
        .merge(builder.stream("in-2"))
        .groupByKey()
        .count()
        .toStream()
        .to("out", Produced.with(Serdes.String(), Serdes.Long()));
  }

  private static void repartition(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    stream.repartition().to("out");
    stream.repartition(Repartitioned.as("by-key")).to("out-2");
    stream.selectKey((key, value) -> value)
        .repartition(Repartitioned.<String, String>as("ten").withNumberOfPartitions(10))
        .groupByKey()
        .count();
  }

  private static void sameTopicTwice(StreamsBuilder builder) {
    builder.<String, String>stream("in").mapValues(value -> value + "1").to("out");
    builder.<String, String>stream("other").to("out-3");
    builder.<String, String>stream("in").mapValues(value -> value + "2").to("out-2");
  }

  private static void severalTopics(StreamsBuilder builder) {
    builder.<String, String>stream(List.of("alpha", "beta", "gamma", "delta")).to("out");
  }

  private static void dynamicTopic(StreamsBuilder builder) {
    builder.<String, String>stream("in").to(new ByValue());
  }

  private static void wide(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    for (int width = 0; width < 9; width++) {
      KStream<String, String> branch = stream;
      for (int depth = 0; depth <= width % 4; depth++) branch = branch.mapValues(value -> value);
      branch.to("out-" + width);
    }
  }

  private static void diamonds(StreamsBuilder builder) {
    KStream<String, String> stream = builder.stream("in");
    KStream<String, String> left = stream.filter((key, value) -> true);
    KStream<String, String> right = stream.filterNot((key, value) -> true).mapValues(value -> value);
    KStream<String, String> merged = left.merge(right).merge(stream).merge(builder.stream("in-2"));
    for (int i = 0; i < 4; i++) merged = merged.peek((key, value) -> {}).merge(left);
    merged.to("out");
    right.to("out-2");
    left.flatMapValues(value -> List.of(value)).to("out-3");
  }
}
