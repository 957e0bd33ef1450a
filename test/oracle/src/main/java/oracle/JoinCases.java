package oracle;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Named;

/** Joins of streams with tables. */
final class JoinCases {
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(records(new Case("join", builder ->
        builder.<String, String>stream("in")
            .join(builder.<String, String>table("table"), (key, a, b) -> key + a + b).to("out"))));
    cases.add(records(new Case("left-join", builder ->
        builder.<String, String>stream("in")
            .leftJoin(builder.<String, String>table("table", GroupCases.store("rows", Serdes.String())),
                (a, b) -> a + b).to("out"))));
    cases.add(records(new Case("join-rekeyed", builder ->
        builder.<String, String>stream("in").selectKey((key, value) -> value)
            .join(builder.<String, String>table("table"), (a, b) -> a + b).to("out"))));
    cases.add(records(new Case("left-join-rekeyed", builder ->
        builder.<String, String>stream("in").selectKey((key, value) -> "x".equals(value) ? null : value)
            .leftJoin(builder.<String, String>table("table"), (a, b) -> a + b).to("out"))));
    cases.add(records(new Case("join-derived", builder ->
        builder.<String, String>stream("in")
            .leftJoin(
                builder.<String, String>table("table").filter((key, value) -> value.length() > 1)
                    .mapValues(value -> value + "!"),
                (a, b) -> a + b)
            .to("out"))));
    cases.add(new Case("join-named", JoinCases::named));
    cases.add(new Case("join-twice", JoinCases::twice));
    cases.add(new Case("join-aggregated", JoinCases::aggregated)
        .in("in-2", "k", "a", 1).in("in", "k", "b", 2).in("in-2", "l", "k", 3).in("in-2", "m", "k", 4)
        .in("in", "k", "c", 0));
    cases.add(records(new Case("global-join", JoinCases::global)));
    cases.add(new Case("global-first-and-last", JoinCases::globals));
    return cases;
  }

  private static Case records(Case one) {
    return one.in("in", "k", "a", 1).in("table", "k", "t1", 2).in("table", "a", "t", 2).in("in", "k", "a", 3)
        .in("in", null, "a", 4).in("in", "k", null, 5).in("in", "l", "x", 6).in("table", "k", null, 7)
        .in("in", "k", "a", 8).in("table", "x", "t2", 9).in("table", "l", "t3", 3).in("in", "l", "x", 1);
  }

  private static void named(StreamsBuilder builder) {
    KTable<String, String> table = builder.table("table", Consumed.as("rows"));
    KStream<String, String> stream = builder.stream("in");
    stream.join(table, (a, b) -> a, Joined.as("joined")).to("out");
    stream.selectKey((key, value) -> value)
        .leftJoin(table, (a, b) -> a, Joined.as("left-joined")).to("out-2");
  }

  private static void twice(StreamsBuilder builder) {
    KTable<String, String> table = builder.table("table");
    KStream<String, String> stream =
        builder.<String, String>stream("in").selectKey((key, value) -> value);
    stream.join(table, (a, b) -> a).to("out");
    stream.join(builder.<String, String>table("table-2"), (a, b) -> a).to("out-2");
    stream.leftJoin(table, (a, b) -> a, Joined.as("other")).to("out-3");
  }

  private static void aggregated(StreamsBuilder builder) {
    KTable<String, Long> counts =
        builder.<String, String>stream("in-2").groupBy((key, value) -> value.equals("k") ? value : key)
            .count(GroupCases.store("counts", Serdes.Long()));
    builder.<String, String>stream("in").join(counts, (value, count) -> value + count).to("out");
  }

  private static void global(StreamsBuilder builder) {
    GlobalKTable<String, String> table = builder.globalTable("table");
    KStream<String, String> stream = builder.stream("in");
    stream.join(table, (key, value) -> value, (a, b) -> a + b).to("out");
    stream.leftJoin(table, (key, value) -> "x".equals(value) ? null : value, (a, b) -> a + b,
        Named.as("left")).to("out-2");
  }

  private static void globals(StreamsBuilder builder) {
    builder.globalTable("first");
    builder.<String, String>stream("in").to("out");
    builder.<String, String>stream("in-2").to("out-2");
    builder.globalTable("last", Consumed.as("ending"), GroupCases.store("rows", Serdes.String()));
  }
}
