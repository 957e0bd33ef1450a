package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.TableJoined;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.state.KeyValueStore;

/** Joins of tables by a foreign key: values are "something|key", or "something|" for none. */
final class ForeignKeyCases {
  private static final Function<String, String> key = ForeignKeyCases::foreignKey;
  private static final ValueJoiner<String, String, String> both = (a, b) -> "(" + a + "," + b + ")";

  private static String foreignKey(String value) {
    String part = value.substring(value.indexOf('|') + 1);
    return part.isEmpty() ? null : part;
  }

  private static KTable<String, String> join(String type, KTable<String, String> left, KTable<String, String> right) {
    return type.equals("inner") ? left.join(right, key, both) : left.leftJoin(right, key, both);
  }

  private static KTable<String, String> join(String type, KTable<String, String> left, KTable<String, String> right,
      Materialized<String, String, KeyValueStore<Bytes, byte[]>> held) {
    return type.equals("inner") ? left.join(right, key, both, held) : left.leftJoin(right, key, both, held);
  }

  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> versioned(String name) {
    return VersionedTableCases.versioned(name, Serdes.String(), 1000);
  }

  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> plain(String name) {
    return GroupCases.store(name, Serdes.String());
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (String type : List.of("inner", "left")) cases.addAll(ofType(type));
    cases.add(new Case("foreign-integer-keys", ForeignKeyCases::integers)
        .in("in", "a", "1", 1).in("in-2", 1, "one", 2).in("in", "b", "2", 3).in("in-2", 2, "two", 1)
        .in("in", "a", "2", 4).in("in-2", 1, null, 5).in("in-2", 2, "zwei", 6).in("in", "b", "none", 7)
        .in("in-2", -1, "minus", 8).in("in", "c", "-1", 9));
    cases.add(new Case("foreign-chain", ForeignKeyCases::chain)
        .in("in-2", "c1", "Anna|de", 1).in("in", "o1", "pen|c1", 2).in("in-3", "de", "Germany", 3)
        .in("in", "o2", "ink|c2", 4).in("in-2", "c2", "Bo|se", 5).in("in-3", "se", "Sweden", 2)
        .in("in-2", "c1", "Anna|se", 6).in("in-3", "se", "Sverige", 7).in("in", "o1", "pen|c2", 8)
        .in("in-3", "se", null, 9).in("in-2", "c2", null, 10).in("in", "o1", null, 11));
    cases.add(new Case("foreign-empty-value", builder ->
        join("left", builder.table("in"), builder.table("in-2"), plain("joined")).toStream().to("out"))
        .in("in", "a", "x|f", 1).in("in-2", "f", "", 2).in("in", "a", "y|f", 3).in("in-2", "f", "full", 4));
    return cases;
  }

  private static List<Case> ofType(String type) {
    List<Case> cases = new ArrayList<>();
    String name = "foreign-" + type;
    cases.add(script(new Case(name, builder ->
        join(type, builder.table("in"), builder.table("in-2")).toStream().to("out"))
        .internal("KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-0000000006-topic",
            "KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000014-topic",
            "KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-0000000010-changelog")));
    cases.add(script(new Case(name + "-stored", builder ->
        join(type, builder.table("in", plain("left")), builder.table("in-2", plain("right")), plain("joined"))
            .toStream().to("out"))));
    cases.add(script(new Case(name + "-named", builder -> {
      KTable<String, String> left = builder.table("in");
      KTable<String, String> right = builder.table("in-2");
      TableJoined<String, String> joined = TableJoined.as("named");
      (type.equals("inner") ? left.join(right, key, both, joined) : left.leftJoin(right, key, both, joined))
          .toStream().to("out");
    }).internal("named-subscription-registration-topic", "named-subscription-response-topic",
        "named-subscription-store-changelog")));
    cases.add(new Case(name + "-named-stored", builder -> {
      KTable<String, String> left = builder.table("in");
      KTable<String, String> right = builder.table("in-2");
      TableJoined<String, String> joined = TableJoined.as("named");
      (type.equals("inner") ? left.join(right, key, both, joined, plain("kept"))
          : left.leftJoin(right, key, both, joined, plain("kept"))).toStream().to("out");
    }));
    cases.add(script(new Case(name + "-optimized", builder ->
        join(type, builder.table("in"), builder.table("in-2"), plain("joined")).toStream().to("out")))
        .config("topology.optimization", "all"));
    cases.add(script(new Case(name + "-rejoined", builder -> {
      KTable<String, String> left = builder.table("in");
      KTable<String, String> joined = join(type, left, builder.table("in-2"));
      joined.toStream().to("out");
      left.join(joined, (a, b) -> "again(" + a + "," + b + ")").toStream().to("out-2");
    })));
    cases.add(script(new Case(name + "-versioned-left", builder ->
        join(type, builder.table("in", versioned("left")), builder.table("in-2"), plain("joined"))
            .toStream().to("out"))));
    cases.add(script(new Case(name + "-versioned-right", builder ->
        join(type, builder.table("in"), builder.table("in-2", versioned("right")), plain("joined"))
            .toStream().to("out"))));
    cases.add(script(new Case(name + "-versioned-both", builder ->
        join(type, builder.table("in", versioned("left")), builder.table("in-2", versioned("right")),
            versioned("joined")).toStream().to("out"))));
    cases.add(script(new Case(name + "-derived", builder ->
        join(type, builder.<String, String>table("in").filter((id, value) -> !value.startsWith("no")),
            builder.<String, String>table("in-2").mapValues(value -> value + "'")).toStream().to("out"))));
    cases.add(script(new Case(name + "-old-values", builder ->
        join(type, builder.table("in"), builder.table("in-2"))
            .groupBy((id, value) -> KeyValue.pair("all", id), Grouped.as("summed"))
            .aggregate(() -> "0", (all, id, sum) -> sum + "+" + id, (all, id, sum) -> sum + "-" + id, plain("sums"))
            .toStream().to("out"))));
    cases.add(script(new Case(name + "-aggregated", builder ->
        join(type,
            builder.<String, String>stream("in").groupByKey().reduce((a, b) -> b, plain("left")),
            builder.<String, String>stream("in-2").groupByKey().reduce((a, b) -> a + b, plain("right")))
            .toStream().to("out"))));
    cases.add(self(new Case(name + "-self", builder -> {
      KTable<String, String> table = builder.table("in");
      join(type, table, table, plain("joined")).toStream().to("out");
    })));
    cases.add(script(new Case(name + "-by-key-and-value", builder -> {
      KTable<String, String> left = builder.table("in");
      KTable<String, String> right = builder.table("in-2");
      BiFunction<String, String, String> extract =
          (id, value) -> id.equals("l3") ? "r1" : foreignKey(value);
      (type.equals("inner") ? left.join(right, extract, both) : left.leftJoin(right, extract, both))
          .toStream().to("out");
    })));
    cases.add(script(new Case(name + "-partitioned", builder -> {
      StreamPartitioner<String, Void> only = new StreamPartitioner<>() {
        @Override
        public Optional<Set<Integer>> partitions(String topic, String id, Void value, int partitions) {
          return Optional.of(Set.of(0));
        }
      };
      KTable<String, String> left = builder.table("in");
      KTable<String, String> right = builder.table("in-2");
      TableJoined<String, String> joined = TableJoined.with(only, only);
      (type.equals("inner") ? left.join(right, key, both, joined) : left.leftJoin(right, key, both, joined))
          .toStream().to("out");
    })));
    return cases;
  }

  private static void integers(StreamsBuilder builder) {
    KTable<Integer, String> right = builder.table("in-2", Consumed.with(Serdes.Integer(), Serdes.String()));
    builder.<String, String>table("in")
        .leftJoin(right, value -> value.equals("none") ? null : Integer.valueOf(value), both, plain("joined"))
        .toStream().to("out");
  }

  private static void chain(StreamsBuilder builder) {
    KTable<String, String> orders = builder.table("in");
    KTable<String, String> customers = builder.table("in-2");
    KTable<String, String> countries = builder.table("in-3");
    orders.join(customers, key, (order, customer) -> order + ":" + customer,
            TableJoined.<String, String>as("customers"), plain("with-customer"))
        .leftJoin(countries, value -> value.substring(value.lastIndexOf('|') + 1), both,
            TableJoined.<String, String>as("countries"), plain("with-country"))
        .toStream().to("out");
  }

  /** Updates and deletions of both sides, changes of the foreign key, and all of it out of order. */
  private static Case script(Case one) {
    one.in("in-2", "r1", "one", 1).in("in-2", "r2", "two", 2).in("in-2", "r3", "three", 3)
        // Rows come, share a foreign key, and go.
        .in("in", "l1", "a|r1", 4);
    // In Kafka Streams the changelog of subscriptions has the headers of those, which nothing reads.
    if (one.internalTopics.isEmpty()) one.header("from", "left");
    one.in("in", "l2", "b|r2", 5).in("in", "l3", "c|r1", 6)
        .in("in", "l1", null, 7).in("in", "l1", null, 8).in("in", "none", null, 9)
        // The other side changes, goes and comes back.
        .in("in-2", "r1", "uno", 10).header("from", "right").in("in-2", "r1", null, 11).in("in-2", "r1", null, 12)
        .in("in-2", "r9", null, 13).in("in-2", "r1", "eins", 14)
        // Foreign keys that name nothing, then something.
        .in("in", "l4", "d|r7", 15).in("in", "l4", "d|r8", 16).in("in-2", "r7", "seven", 17)
        .in("in-2", "r8", "eight", 18).in("in", "l4", "d|r7", 19).in("in", "l4", "d|r0", 20).in("in", "l4", null, 21)
        // A changed foreign key: the old one says nothing any more.
        .in("in", "l3", "c|r2", 22).in("in-2", "r1", "un", 23).in("in-2", "r2", "deux", 24)
        // The same foreign key with another value, and the same value again.
        .in("in", "l3", "cc|r2", 25).in("in", "l3", "cc|r2", 26)
        // No foreign key, from the start, and before and after one.
        .in("in", "l5", "no key|", 27).in("in", "l5", "no key at all|", 28).in("in", "l5", "e|r1", 29)
        .in("in", "l5", "f|", 30).in("in", "l5", null, 31).in("in", "l6", "g|", 32).in("in", "l6", null, 33)
        // One foreign key begins with another.
        .in("in", "l7", "h|r1", 34).in("in", "l8", "i|r11", 35).in("in-2", "r11", "eleven", 36)
        .in("in-2", "r1", "ett", 37)
        // No keys.
        .in("in", null, "x|r1", 38).in("in-2", null, "nothing", 39);
    return outOfOrder(one);
  }

  private static Case outOfOrder(Case one) {
    return one.in("in", "l7", "late|r2", 20).in("in-2", "r1", "late", 20).in("in", "l7", null, 19)
        .in("in-2", "r11", null, 10).in("in", "l9", "j|r1", 50).in("in-2", "r1", "forty", 40)
        .in("in-2", "r1", "sixty", 60).in("in", "l9", "k|r1", 55).in("in", "l9", "l|r2", 70)
        .in("in-2", "r2", null, 65).in("in", "l9", "m|r2", 66).in("in-2", "r2", "vis", 80)
        .in("in", "l9", null, 75).in("in", "l10", "n|r2", 90).in("in-2", "r2", "quick", 91)
        .in("in-2", "r2", "quicker", 91).in("in-2", "r2", "quick", 92).in("in", "l10", "o|r2", 91);
  }

  /** Rows that name each other, themselves, and what is not there. */
  private static Case self(Case one) {
    return one.in("in", "a", "1|b", 1).in("in", "b", "2|c", 2).in("in", "c", "3|c", 3).in("in", "c", "4|a", 4)
        .in("in", "a", "5|a", 5).in("in", "b", null, 6).in("in", "d", "6|b", 7).in("in", "b", "7|d", 8)
        .in("in", "a", "8|", 9).in("in", "d", "9|a", 3).in("in", "a", null, 10).in("in", "c", null, 11);
  }
}
