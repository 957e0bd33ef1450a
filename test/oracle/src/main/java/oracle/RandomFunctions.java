package oracle;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.kstream.Windowed;

/** What random topologies compute: test/dsl/random/functions.ts has the same. Each is chosen by a number. */
final class RandomFunctions {
  private static final String[] words = {"a", "b", "c", "d", "e"};

  static String text(Object value) {
    if (value instanceof Windowed<?> windowed) {
      return windowed.key() + "@" + windowed.window().start() + "-" + windowed.window().end();
    }
    return String.valueOf(value);
  }

  static int pick(int f, Object key, Object value, int choices) {
    return Math.floorMod((f + "/" + text(key) + "/" + text(value)).hashCode(), choices);
  }

  /** Keeps texts from growing without end. */
  static String cut(String text) {
    if (text.length() <= 14) return text;
    return text.substring(0, 5) + "~" + Integer.toUnsignedString(text.hashCode(), 36);
  }

  static boolean predicate(int f, Object key, Object value) {
    return pick(f, key, value, 4) != 0;
  }

  static String mapped(int f, Object key, Object value) {
    switch (f % 4) {
      case 0: return cut(text(value) + words[f % 5]);
      case 1: return words[pick(f, null, value, 5)];
      case 2: return cut(text(key) + text(value));
      default: return pick(f, key, value, 4) == 0 ? null : cut(text(value) + "!");
    }
  }

  /** Values that are never null. */
  static List<String> several(int f, Object key, Object value) {
    List<String> values = new ArrayList<>();
    for (int i = 0; i < pick(f, key, value, 3); i++) values.add(cut(text(value) + i));
    return values;
  }

  static String rekeyed(int f, Object key, Object value) {
    int choice = pick(f, key, value, 12);
    return choice == 11 ? null : words[choice % 5];
  }

  static KeyValue<String, String> pair(int f, Object key, Object value) {
    return KeyValue.pair(rekeyed(f, key, value), mapped(f, key, value));
  }

  static List<KeyValue<String, String>> pairs(int f, Object key, Object value) {
    List<KeyValue<String, String>> pairs = new ArrayList<>();
    for (int i = 0; i < pick(f, key, value, 3); i++) pairs.add(pair(f + i, key, value));
    return pairs;
  }

  static Object reduced(int f, Object a, Object b) {
    if (a instanceof Long left) return left + (Long) b;
    if (f % 3 == 2 && pick(f, a, b, 6) == 0) return null;
    return f % 3 == 1 ? (text(a).compareTo(text(b)) > 0 ? text(a) : text(b)) : cut(text(a) + text(b));
  }

  static Object unreduced(int f, Object a, Object b) {
    if (a instanceof Long left) return left - (Long) b;
    return cut(text(a) + "-" + text(b));
  }

  /**
   * Adds to an aggregate, which begins with nothing: where it began with a value, Kafka Streams would pass that on as
   * the old value of a key's first update, which Millrace does not.
   */
  static String aggregated(int f, Object key, Object value, Object aggregate) {
    Object all = aggregate == null ? "" : aggregate;
    if (f % 4 == 3 && pick(f, key, value, 6) == 0) return null;
    return cut(text(all) + (f % 2 == 0 ? "" : text(key)) + text(value));
  }

  static String disaggregated(int f, Object key, Object value, Object aggregate) {
    Object all = aggregate == null ? "" : aggregate;
    if (f % 4 == 3 && pick(f, key, value, 6) == 0) return null;
    return cut(text(all) + "-" + text(value));
  }

  static String sessionsMerged(int f, Object key, Object a, Object b) {
    return cut(text(a) + "&" + text(b));
  }

  static String joined(int f, Object key, Object a, Object b) {
    if (f % 5 == 4 && pick(f, a, b, 5) == 0) return null;
    return cut((f % 2 == 0 ? "" : text(key)) + text(a) + "+" + text(b));
  }
}
