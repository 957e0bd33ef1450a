package oracle;

import static oracle.Rows.row;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads random cases, one a line, and writes what Kafka Streams gives for each, one a line. */
public final class RandomRun {
  private static final ObjectMapper json = new ObjectMapper();

  public static void main(String[] arguments) throws IOException {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.println(json.writeValueAsString(run(json.readTree(line))));
      out.flush();
    }
  }

  private static Map<String, Object> run(JsonNode spec) throws IOException {
    RandomTopology[] built = new RandomTopology[1];
    Case one = new Case("random", builder -> {
      built[0] = new RandomTopology(builder);
      built[0].declare(spec.get("ops"));
    });
    for (JsonNode input : spec.get("inputs")) {
      one.in(input.get(0).asText(), input.get(1).textValue(), input.get(2).textValue(), input.get(3).asLong());
    }
    spec.path("config").properties().forEach(e -> one.config(e.getKey(), e.getValue().asText()));
    Map<String, Object> result = new LinkedHashMap<>();
    try {
      result.put("describe", Run.build(one).describe().toString());
      Map<String, Object> vector = Run.vector(one, true);
      Map<String, List<Object>> outputs = new LinkedHashMap<>();
      for (Object output : (List<?>) vector.get("outputs")) {
        Map<?, ?> record = (Map<?, ?>) output;
        outputs.computeIfAbsent((String) record.get("topic"), topic -> new ArrayList<>())
            .add(compact(text((String) record.get("key")), text((String) record.get("value")),
                record.get("timestampMs")));
      }
      result.put("outputs", outputs);
      result.put("stores", stores((Map<?, ?>) vector.get("stores")));
    } catch (RuntimeException refusal) {
      return row("refused", refusal.getClass().getSimpleName() + ": " + refusal.getMessage());
    }
    return result;
  }

  private static Map<String, Object> stores(Map<?, ?> stores) {
    Map<String, Object> all = new LinkedHashMap<>();
    stores.forEach((name, rows) -> {
      if (!isCompared((String) name)) return;
      List<Object> compact = new ArrayList<>();
      for (Object row : (List<?>) rows) compact.add(compact(((Map<?, ?>) row).values().toArray()));
      all.put((String) name, compact);
    });
    return all;
  }

  /** What operators keep for themselves may differ in what is let go when. */
  private static boolean isCompared(String store) {
    return !store.matches("KSTREAM-(JOINTHIS|OUTERTHIS|JOINOTHER|OUTEROTHER|OUTERSHARED)-.*|.*-join-store|.*SUPPRESS.*");
  }

  /** Bytes as text where they are plain ASCII, else in hexadecimal. */
  private static String text(String hex) {
    if (hex == null) return null;
    String text = new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1);
    return text.chars().allMatch(c -> c >= ' ' && c <= '~') ? text : "0x" + hex;
  }

  private static List<Object> compact(Object... fields) {
    List<Object> row = new ArrayList<>();
    for (Object field : fields) row.add(field);
    return row;
  }
}
