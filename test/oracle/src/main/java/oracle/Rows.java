package oracle;

import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.DoubleSerializer;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.kstream.Windowed;

/** Values as the golden files write them. */
final class Rows {
  static Map<String, Object> row(Object... pairs) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) row.put((String) pairs[i], pairs[i + 1]);
    return row;
  }

  static String hex(byte[] bytes) {
    return bytes == null ? null : HexFormat.of().formatHex(bytes);
  }

  /** Strings as they are, other types of input with their names, so that the replay knows the bytes. */
  static Object typed(Object value) {
    if (value == null || value instanceof String) return value;
    if (value instanceof Long) return row("long", value);
    if (value instanceof Integer) return row("int", value);
    if (value instanceof Double) return row("double", value);
    if (value instanceof byte[] bytes) return row("hex", hex(bytes));
    throw new IllegalArgumentException("No way to write a " + value.getClass());
  }

  static byte[] bytes(Object value) {
    if (value == null) return null;
    if (value instanceof String text) return new StringSerializer().serialize("", text);
    if (value instanceof Long number) return new LongSerializer().serialize("", number);
    if (value instanceof Integer number) return new IntegerSerializer().serialize("", number);
    if (value instanceof Double number) return new DoubleSerializer().serialize("", number);
    if (value instanceof byte[] bytes) return new ByteArraySerializer().serialize("", bytes);
    throw new IllegalArgumentException("No bytes for a " + value.getClass());
  }

  /** Whether {@link #plain} can write it. */
  static boolean isPlain(Object value) {
    return value == null || value instanceof String || value instanceof Number || value instanceof byte[]
        || value instanceof Bytes || (value instanceof Windowed<?> windowed && isPlain(windowed.key()));
  }

  /** A key or value of a store. */
  static Object plain(Object value) {
    if (value instanceof byte[] bytes) return row("hex", hex(bytes));
    if (value instanceof Bytes bytes) return row("hex", hex(bytes.get()));
    if (value instanceof Windowed<?> windowed) {
      return row("key", plain(windowed.key()), "startMs", windowed.window().start(), "endMs",
          windowed.window().end());
    }
    return value;
  }
}
