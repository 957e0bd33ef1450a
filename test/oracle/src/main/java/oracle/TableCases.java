package oracle;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedTable;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Named;

/** Tables and their aggregations. */
final class TableCases {
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(rows(new Case("table", builder ->
        builder.<String, String>table("in").toStream().to("out"))));
    cases.add(rows(new Case("table-stored", builder ->
        builder.<String, String>table("in", GroupCases.store("rows", Serdes.String()))
            .toStream().to("out"))));
    cases.add(new Case("table-named", builder ->
        builder.<String, String>table("in", Consumed.as("rows")).toStream(Named.as("updates")).to("out")));
    cases.add(rows(new Case("table-filter", builder -> {
      KTable<String, String> table = builder.table("in");
      table.filter((key, value) -> value.length() > 1).toStream().to("out");
      table.filterNot((key, value) -> value.length() > 1).mapValues(value -> value + "!").toStream()
          .to("out-2");
    })));
    cases.add(rows(new Case("table-filter-of-stored", builder -> {
      KTable<String, String> table = builder.table("in", GroupCases.store("rows", Serdes.String()));
      table.filter((key, value) -> value.length() > 1).toStream().to("out");
      table.mapValues((key, value) -> key + value).toStream().to("out-2");
    })));
    cases.add(rows(new Case("table-filter-stored", builder ->
        builder.<String, String>table("in")
            .filter((key, value) -> value.length() > 1, Named.as("long-ones"),
                GroupCases.store("long", Serdes.String()))
            .mapValues(value -> value + "!", GroupCases.store("loud", Serdes.String()))
            .filterNot((key, value) -> value.startsWith("z"))
            .toStream().to("out"))));
    cases.add(rows(new Case("table-group-count", builder ->
        builder.<String, String>table("in")
            .groupBy((key, value) -> KeyValue.pair(value.substring(0, 1), value))
            .count(GroupCases.store("counts", Serdes.Long())).toStream().to("out", GroupCases.longs))));
    cases.add(rows(new Case("table-group-reduce", builder ->
        builder.<String, String>table("in")
            .groupBy((key, value) -> KeyValue.pair(value.substring(0, 1), value))
            .reduce((a, b) -> a + "+" + b, (a, b) -> a + "-" + b,
                GroupCases.store("reduced", Serdes.String()))
            .toStream().to("out"))));
    cases.add(rows(new Case("table-group-aggregate", builder ->
        builder.<String, String>table("in", GroupCases.store("rows", Serdes.String()))
            .groupBy((key, value) -> value.equals("zz") ? KeyValue.pair(null, value)
                : KeyValue.pair("all", value), Grouped.as("everything"))
            .aggregate(() -> "0", (key, value, all) -> all + "+" + value,
                (key, value, all) -> all + "-" + value, Named.as("sum"),
                GroupCases.store("sums", Serdes.String()))
            .toStream().to("out"))));
    cases.add(new Case("table-group-unnamed", builder -> {
      KGroupedTable<String, String> grouped = builder.<String, String>table("in")
          .filter((key, value) -> true)
          .groupBy((key, value) -> KeyValue.pair(value, key));
      grouped.count();
      grouped.reduce((a, b) -> a, (a, b) -> a);
      grouped.aggregate(() -> "", (key, value, all) -> all, (key, value, all) -> all);
    }));
    cases.add(new Case("table-group-named-twice", builder -> {
      KGroupedTable<String, String> grouped = builder.<String, String>table("in")
          .groupBy((key, value) -> KeyValue.pair(value, key), Grouped.as("by-value"));
      grouped.count();
      grouped.reduce((a, b) -> a, (a, b) -> a, GroupCases.store("reduced", Serdes.String()));
    }));
    cases.add(rows(new Case("aggregated-table-grouped", builder ->
        builder.<String, String>stream("in").groupByKey()
            .aggregate(() -> "i", (key, value, all) -> all + value, GroupCases.store("all", Serdes.String()))
            .groupBy((key, value) -> KeyValue.pair("all", value))
            .aggregate(() -> "0", (key, value, all) -> all + "+" + value,
                (key, value, all) -> all + "-" + value, GroupCases.store("sums", Serdes.String()))
            .toStream().to("out"))).cached());
    cases.add(rows(new Case("to-table", builder ->
        builder.<String, String>stream("in").toTable(GroupCases.store("rows", Serdes.String()))
            .toStream().to("out"))));
    cases.add(new Case("to-table-unnamed", builder -> {
      builder.<String, String>stream("in").toTable().toStream().to("out");
      builder.<String, String>stream("in-2").selectKey((key, value) -> value)
          .toTable().filter((key, value) -> true).toStream().to("out-2");
      builder.<String, String>stream("in-3").selectKey((key, value) -> value)
          .toTable(Named.as("rows"), GroupCases.store("kept", Serdes.String()));
    }));
    return cases;
  }

  static Case rows(Case one) {
    return one.in("in", "k", "a", 5).in("in", "k", "ab", 3).in("in", null, "ac", 4).in("in", "k", null, 6)
        .in("in", "l", "b", 2).in("in", "l", null, 7).in("in", "m", "zz", 8).in("in", "k", "aa", 9)
        .in("in", "m", "ba", 1).in("in", "k", "bb", 10).in("in", "n", null, 11).in("in", "m", "ba", 12);
  }
}
