package oracle;

import java.time.Duration;
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
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Tables that keep history, and what operators make of their updates. */
final class VersionedTableCases {
  static <V> Materialized<String, V, KeyValueStore<Bytes, byte[]>> versioned(String name, Serde<V> serde, long ms) {
    return Materialized.<String, V>as(Stores.persistentVersionedKeyValueStore(name, Duration.ofMillis(ms)))
        .withKeySerde(Serdes.String()).withValueSerde(serde);
  }

  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> versioned(String name) {
    return versioned(name, Serdes.String(), 1000);
  }

  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> plain(String name) {
    return GroupCases.store(name, Serdes.String());
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (String type : List.of("inner", "left", "outer")) {
      cases.add(TableTableJoinCases.matrix(new Case("versioned-both-" + type, builder ->
          TableTableJoinCases.join(type, builder.table("in", versioned("left")),
              builder.table("in-2", versioned("right")), plain("joined")).toStream().to("out"))));
      cases.add(TableTableJoinCases.matrix(new Case("versioned-left-" + type, builder ->
          TableTableJoinCases.join(type, builder.table("in", versioned("left")),
              builder.table("in-2"), plain("joined")).toStream().to("out"))));
      cases.add(TableTableJoinCases.matrix(new Case("versioned-right-" + type, builder ->
          TableTableJoinCases.join(type, builder.table("in"),
              builder.table("in-2", versioned("right")), plain("joined")).toStream().to("out"))));
      cases.add(TableTableJoinCases.matrix(new Case("versioned-result-" + type, builder ->
          TableTableJoinCases.join(type, builder.table("in", versioned("left")),
              builder.table("in-2"), versioned("joined")).toStream().to("out"))));
      cases.add(TableTableJoinCases.matrix(new Case("versioned-derived-" + type, builder -> {
        KTable<String, String> left = builder.<String, String>table("in", versioned("left"))
            .filter((key, value) -> !value.equals("B"));
        KTable<String, String> right = builder.<String, String>table("in-2", versioned("right"))
            .mapValues(value -> value + "'");
        TableTableJoinCases.join(type, left, right).toStream().to("out");
        TableTableJoinCases.join(type, left, right.filter((key, value) -> true, plain("kept"))).toStream().to("out-2");
      })));
      cases.add(TableTableJoinCases.matrix(new Case("versioned-joined-again-" + type, builder -> {
        KTable<String, String> right = builder.table("in-2", versioned("right"));
        TableTableJoinCases.join(type,
            TableTableJoinCases.join(type, builder.table("in", versioned("left")), right), right)
            .toStream().to("out");
      })));
    }
    cases.add(rows(new Case("versioned-table", builder ->
        builder.<String, String>table("in", versioned("rows")).toStream().to("out")))
        .asOf("rows", "k", 5).asOf("rows", "k", 8).asOf("rows", "k", 2).asOf("rows", "l", 100));
    cases.add(rows(new Case("versioned-short-history", builder -> {
      // Stores of such names are not compared: Kafka Streams shows versions after their time, until it drops a segment.
      KTable<String, String> table = builder.table("in", versioned("KTABLE-rows", Serdes.String(), 4));
      table.toStream().to("out");
      table.mapValues(value -> value + "!", versioned("KTABLE-loud", Serdes.String(), 2)).toStream().to("out-2");
    })));
    cases.add(rows(new Case("versioned-filtered", builder -> {
      KTable<String, String> table = builder.table("in", versioned("rows"));
      table.filter((key, value) -> value.length() > 1).toStream().to("out");
      table.filterNot((key, value) -> value.length() > 1, plain("short")).toStream().to("out-2");
    })));
    cases.add(rows(new Case("versioned-filtered-into-versioned", builder -> {
      KTable<String, String> plain = builder.table("in", plain("rows"));
      plain.filter((key, value) -> value.length() > 1, versioned("long")).toStream().to("out");
      KTable<String, String> loud = plain.mapValues(value -> value + "!", versioned("loud"));
      loud.toStream().to("out-2");
      loud.filter((key, value) -> value.length() > 2).toStream().to("out-3");
    })));
    cases.add(rows(new Case("versioned-mapped", builder -> {
      KTable<String, String> table = builder.table("in", versioned("rows"));
      table.mapValues(value -> value + "!").toStream().to("out");
      table.mapValues(value -> value.equals("zz") ? null : value, plain("no-zz")).toStream().to("out-2");
    })));
    cases.add(rows(new Case("versioned-grouped", VersionedTableCases::grouped)));
    cases.add(rows(new Case("versioned-grouped-derived", builder -> {
      KTable<String, String> table = builder.<String, String>table("in", versioned("rows"))
          .mapValues(value -> value + ".");
      sum(table, "inherited");
      sum(table.filter((key, value) -> true, plain("kept")), "held");
    })));
    cases.add(rows(new Case("versioned-aggregates", builder -> {
      builder.<String, String>stream("in").groupByKey().count(versioned("counts", Serdes.Long(), 1000))
          .toStream().to("out", GroupCases.longs);
      builder.<String, String>stream("in-2").groupByKey()
          .aggregate(() -> "", (key, value, all) -> value.equals("aa") ? null : all + value, versioned("all"))
          .toStream().to("out-2");
    })));
    cases.add(rows(new Case("versioned-table-aggregates", builder ->
        builder.<String, String>table("in").groupBy((key, value) -> KeyValue.pair(value.substring(0, 1), value))
            .aggregate(() -> "", (key, value, all) -> all + "+" + value,
                (key, value, all) -> value.equals("b") ? null : all + "-" + value, versioned("sums"))
            .toStream().to("out"))));
    cases.add(rows(new Case("versioned-to-table", builder ->
        builder.<String, String>stream("in").toTable(versioned("rows")).filter((key, value) -> value.length() > 1)
            .toStream().to("out"))));
    cases.add(new Case("versioned-suppressed", builder ->
        builder.<String, String>table("in", versioned("rows"))
            .suppress(Suppressed.untilTimeLimit(Duration.ofMillis(4), Suppressed.BufferConfig.unbounded())))
        .refused());
    cases.add(new Case("versioned-inherited-suppressed", builder ->
        builder.<String, String>table("in", versioned("rows")).mapValues(value -> value)
            .suppress(Suppressed.untilTimeLimit(Duration.ofMillis(4), Suppressed.BufferConfig.unbounded())))
        .refused());
    cases.add(rows(new Case("versioned-held-suppressed", builder ->
        builder.<String, String>table("in", versioned("rows")).mapValues(value -> value, plain("held"))
            .suppress(Suppressed.untilTimeLimit(Duration.ofMillis(4), Suppressed.BufferConfig.unbounded()))
            .toStream().to("out"))));
    cases.add(new Case("versioned-global", builder -> builder.globalTable("in", versioned("rows"))).refused());
    return cases;
  }

  private static void grouped(StreamsBuilder builder) {
    KTable<String, String> table = builder.table("in", versioned("rows"));
    table.groupBy((key, value) -> KeyValue.pair(value.substring(0, 1), value), Grouped.as("by-letter"))
        .count(Named.as("counted"), GroupCases.store("counts", Serdes.Long())).toStream().to("out", GroupCases.longs);
    sum(table, "summed");
  }

  private static void sum(KTable<String, String> table, String name) {
    table.groupBy((key, value) -> KeyValue.pair("all", value), Grouped.as(name))
        .aggregate(() -> "0", (key, value, all) -> all + "+" + value, (key, value, all) -> all + "-" + value,
            GroupCases.store(name + "-sums", Serdes.String()))
        .toStream().to("out-" + name);
  }

  private static Case rows(Case one) {
    boolean two = one.name.equals("versioned-aggregates");
    TableCases.rows(one);
    one.in("in", "k", "cc", 3).in("in", "k", "d", 20).in("in", "k", null, 18).in("in", "l", "ee", 19)
        .in("in", "m", null, 30).in("in", "m", "ff", 25).in("in", "m", "g", 30).in("in", "m", "hh", 24);
    if (two) {
      one.in("in-2", "k", "a", 5).in("in-2", "k", "b", 3).in("in-2", "k", "aa", 7).in("in-2", "k", "c", 6)
          .in("in-2", "k", "d", 7).in("in-2", "k", "e", 9).in("in-2", "k", "f", 1);
    }
    return one;
  }
}
