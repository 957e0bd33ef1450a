package oracle;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.state.KeyValueStore;

/** Tables made of tables, held and not, and what they send of the rows that they replace. */
final class TableChainCases {
  private static Materialized<String, String, KeyValueStore<Bytes, byte[]>> held(String name) {
    return GroupCases.store(name, Serdes.String());
  }

  private static void sum(KTable<String, String> table, String name, String to) {
    table.groupBy((key, value) -> KeyValue.pair("all", value), Grouped.as(name))
        .aggregate(() -> "0", (key, value, all) -> all + "+" + value, (key, value, all) -> all + "-" + value,
            held(name + "-sums"))
        .toStream().to(to);
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(TableCases.rows(new Case("table-chain-filter-grouped", builder ->
        sum(builder.<String, String>table("in").filter((key, value) -> value.length() > 1), "long", "out"))));
    cases.add(TableCases.rows(new Case("table-chain-filter-stored-grouped", builder ->
        sum(builder.<String, String>table("in").filter((key, value) -> value.length() > 1, held("kept")), "long",
            "out"))));
    cases.add(TableCases.rows(new Case("table-chain-filter-twice", builder -> {
      KTable<String, String> table = builder.table("in", held("rows"));
      table.filter((key, value) -> value.length() > 1).filterNot((key, value) -> value.startsWith("z"))
          .mapValues(value -> value + "!").toStream().to("out");
      table.filter((key, value) -> value.length() > 1, Named.as("long"))
          .filterNot((key, value) -> value.startsWith("z"), Named.as("no-z"), held("no-z"))
          .filter((key, value) -> !value.equals("aa")).toStream().to("out-2");
    })));
    cases.add(TableCases.rows(new Case("table-chain-map-grouped", builder ->
        sum(builder.<String, String>table("in").mapValues(value -> value.equals("ab") ? null : value + "!"), "loud",
            "out"))));
    cases.add(TableCases.rows(new Case("table-chain-map-stored-grouped", builder ->
        sum(builder.<String, String>table("in")
            .mapValues((key, value) -> value.equals("ab") ? null : key + value, held("kept")), "loud", "out"))));
    cases.add(TableCases.rows(new Case("table-chain-map-of-filter", builder -> {
      KTable<String, String> table = builder.<String, String>table("in").filter((key, value) -> value.length() > 1);
      sum(table.mapValues(value -> value + "!", held("loud")).filter((key, value) -> !value.startsWith("z")), "mixed",
          "out");
      table.toStream().to("out-2");
    })));
    cases.add(moves(new Case("table-chain-group-moves", builder ->
        builder.<String, String>table("in")
            .groupBy((key, value) -> value.startsWith("x") ? KeyValue.pair(null, value)
                : KeyValue.pair(value.substring(0, 1), value.length() == 1 ? null : value.substring(1)))
            .aggregate(() -> "0", (key, value, all) -> all + "+" + value, (key, value, all) -> all + "-" + value,
                held("sums"))
            .toStream().to("out"))));
    cases.add(moves(new Case("table-chain-group-by-key", builder ->
        builder.<String, String>table("in").groupBy((key, value) -> KeyValue.pair(key.substring(0, 1), value))
            .aggregate(() -> "", (key, value, all) -> all + value, (key, value, all) -> all.replaceFirst(value, ""),
                held("texts"))
            .toStream().to("out"))));
    cases.add(moves(new Case("table-chain-aggregates-to-null", builder -> {
      KTable<String, String> table = builder.table("in");
      table.groupBy((key, value) -> KeyValue.pair("all", value))
          .reduce((a, b) -> b.equals("bb") ? null : a + b, (a, b) -> b.equals("ab") ? null : a + "-" + b,
              held("reduced"))
          .toStream().to("out");
      table.groupBy((key, value) -> KeyValue.pair("all", value), Grouped.as("again"))
          .aggregate(() -> "0", (key, value, all) -> value.equals("bb") ? null : all + value,
              (key, value, all) -> value.equals("ab") ? null : all + "-" + value, held("sums"))
          .toStream().to("out-2");
    })));
    cases.add(moves(new Case("table-chain-grouped-twice", builder ->
        sum(builder.<String, String>table("in")
            .groupBy((key, value) -> KeyValue.pair(value.substring(0, 1), value), Grouped.as("by-letter"))
            .reduce((a, b) -> a + b, (a, b) -> a + "/" + b, held("reduced")), "all", "out"))));
    cases.add(TableCases.rows(new Case("table-chain-through-streams", builder -> {
      KTable<String, String> table = builder.<String, String>table("in").toStream().toTable(held("copy"));
      sum(table, "copied", "out");
      sum(table.toStream((key, value) -> key + "2").toTable(Named.as("rekeyed"), held("other")), "keys", "out-2");
    })));
    return cases;
  }

  private static Case moves(Case one) {
    return one.in("in", "a1", "ab", 1).in("in", "a2", "bb", 2).in("in", "a1", "bc", 3).in("in", "b1", "ab", 2)
        .in("in", "a1", "bc", 4).in("in", "a2", "x1", 5).in("in", "a2", "a", 6).in("in", "a2", "bb", 4)
        .in("in", "b1", null, 7).in("in", "b1", null, 8).in("in", "a1", "cd", 1).in("in", "a2", null, 9)
        .in("in", "c1", "x2", 10).in("in", "c1", "bb", 11).in("in", "c1", "ab", 12).in("in", "a1", null, 3);
  }
}
