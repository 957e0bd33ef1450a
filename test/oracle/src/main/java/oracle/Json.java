package oracle;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Just enough JSON to write the golden files, two spaces deep a level. */
final class Json {
  static String of(Object value) {
    return write(value, "");
  }

  private static String write(Object value, String indent) {
    if (value == null) return "null";
    if (value instanceof Number || value instanceof Boolean) return value.toString();
    if (value instanceof Map<?, ?> map) {
      if (map.isEmpty()) return "{}";
      boolean flat = map.values().stream().noneMatch(v -> v instanceof List);
      String inner = flat ? "" : indent + "  ";
      return map.entrySet().stream()
          .map(e -> (flat ? "" : inner) + text(e.getKey().toString()) + ": " + write(e.getValue(), inner))
          .collect(Collectors.joining(flat ? ", " : ",\n", flat ? "{ " : "{\n", flat ? " }" : "\n" + indent + "}"));
    }
    if (value instanceof List<?> list) {
      if (list.isEmpty()) return "[]";
      String inner = indent + "  ";
      return list.stream()
          .map(v -> inner + write(v, inner))
          .collect(Collectors.joining(",\n", "[\n", "\n" + indent + "]"));
    }
    return text(value.toString());
  }

  private static String text(String text) {
    StringBuilder written = new StringBuilder("\"");
    for (char c : text.toCharArray()) {
      if (c == '\\' || c == '"') written.append('\\').append(c);
      else if (c < ' ' || c > '~') written.append(String.format("\\u%04x", (int) c));
      else written.append(c);
    }
    return written.append('"').toString();
  }
}
