package oracle;

import static oracle.Rows.isPlain;
import static oracle.Rows.plain;
import static oracle.Rows.row;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.query.MultiVersionedKeyQuery;
import org.apache.kafka.streams.query.PositionBound;
import org.apache.kafka.streams.query.QueryConfig;
import org.apache.kafka.streams.query.ResultOrder;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;
import org.apache.kafka.streams.state.VersionedKeyValueStore;
import org.apache.kafka.streams.state.VersionedRecord;
import org.apache.kafka.streams.state.VersionedRecordIterator;
import org.apache.kafka.streams.state.WindowStore;

/** What the stores of a topology hold. */
final class Stores {
  /** Stores that operators keep for themselves hold types of Kafka Streams' own. */
  private static final java.util.regex.Pattern internal =
      java.util.regex.Pattern.compile("STATE-STORE|^KSTREAM-|^KTABLE-|-outer-shared-join-store$");

  /** Rows by store; those of stores with rows that cannot be written are left out. */
  static Map<String, Object> named(TopologyTestDriver driver, Set<String> keys) {
    return all(driver, keys, Set.of(), name -> !internal.matcher(name).find());
  }

  /** The same of all stores; of versioned ones what they give for each of the times. */
  static Map<String, Object> asOf(TopologyTestDriver driver, Set<String> keys, Set<Long> times) {
    return all(driver, keys, times, name -> true);
  }

  private static Map<String, Object> all(TopologyTestDriver driver, Set<String> keys, Set<Long> times,
      java.util.function.Predicate<String> wanted) {
    Map<String, Object> stores = new TreeMap<>();
    for (Map.Entry<String, StateStore> entry : driver.getAllStateStores().entrySet()) {
      if (!wanted.test(entry.getKey())) continue;
      List<Object> rows = rows(entry.getValue(), keys, times);
      if (rows != null) stores.put(entry.getKey(), rows);
    }
    return stores;
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static List<Object> rows(StateStore store, Set<String> keys, Set<Long> times) {
    if (store instanceof VersionedKeyValueStore versioned) {
      return times.isEmpty() ? versions(versioned, keys) : reads(versioned, keys, times);
    }
    try {
      if (store instanceof KeyValueStore plain) {
        try (KeyValueIterator<Object, Object> all = plain.all()) {
          return entries(all);
        }
      }
      if (store instanceof WindowStore window) {
        try (KeyValueIterator<Object, Object> all = window.all()) {
          return entries(all);
        }
      }
      if (store instanceof SessionStore session) {
        try (KeyValueIterator<Object, Object> all = session.fetch(null, null)) {
          return sessions(all);
        }
      }
    } catch (Unwritable foreign) {
      return null;
    }
    return null;
  }

  private static final class Unwritable extends RuntimeException {}

  private static List<Object> entries(Iterator<KeyValue<Object, Object>> all) {
    List<Object> rows = new ArrayList<>();
    while (all.hasNext()) {
      KeyValue<Object, Object> entry = all.next();
      Object value = entry.value;
      Map<String, Object> row = row();
      if (entry.key instanceof Windowed<?> windowed) {
        check(windowed.key());
        row.put("key", plain(windowed.key()));
        row.put("windowStartMs", windowed.window().start());
      } else {
        check(entry.key);
        row.put("key", plain(entry.key));
      }
      if (value instanceof ValueAndTimestamp<?> stamped) {
        check(stamped.value());
        row.put("value", plain(stamped.value()));
        row.put("timestampMs", stamped.timestamp());
      } else {
        check(value);
        row.put("value", plain(value));
      }
      rows.add(row);
    }
    return rows;
  }

  private static List<Object> sessions(Iterator<KeyValue<Object, Object>> all) {
    List<Object> rows = new ArrayList<>();
    while (all.hasNext()) {
      KeyValue<Object, Object> entry = all.next();
      Windowed<?> windowed = (Windowed<?>) entry.key;
      check(windowed.key());
      Object value = entry.value instanceof ValueAndTimestamp<?> stamped ? stamped.value() : entry.value;
      check(value);
      rows.add(row("key", plain(windowed.key()), "startMs", windowed.window().start(), "endMs",
          windowed.window().end(), "value", plain(value)));
    }
    return rows;
  }

  /** All versions that are kept of the keys, the oldest first. */
  private static List<Object> versions(VersionedKeyValueStore<Object, Object> store, Set<String> keys) {
    List<Object> rows = new ArrayList<>();
    for (String key : keys) {
      MultiVersionedKeyQuery<Object, Object> query =
          MultiVersionedKeyQuery.withKey((Object) key).withAscendingTimestamps();
      try (VersionedRecordIterator<Object> versions =
          store.query(query, PositionBound.unbounded(), new QueryConfig(false)).getResult()) {
        while (versions.hasNext()) {
          VersionedRecord<Object> version = versions.next();
          Map<String, Object> row = row("key", key, "value", plain(version.value()), "timestampMs",
              version.timestamp());
          version.validTo().ifPresent(validTo -> row.put("validToMs", validTo));
          rows.add(row);
        }
      }
    }
    return rows;
  }

  /** Versions that are older than the history that is kept may or may not be there still; reads do not see them. */
  private static List<Object> reads(VersionedKeyValueStore<Object, Object> store, Set<String> keys, Set<Long> times) {
    List<Object> rows = new ArrayList<>();
    for (String key : keys) {
      for (long asOfMs : times) {
        VersionedRecord<Object> version = store.get(key, asOfMs);
        if (version == null) continue;
        rows.add(row("key", key, "asOfMs", asOfMs, "value", plain(version.value()), "timestampMs",
            version.timestamp()));
      }
    }
    return rows;
  }

  static Object asOf(TopologyTestDriver driver, Case.AsOf read) {
    VersionedKeyValueStore<Object, Object> store = driver.getVersionedKeyValueStore(read.store());
    VersionedRecord<Object> version = store.get(read.key(), read.asOfMs());
    Map<String, Object> row = row("store", read.store(), "key", plain(read.key()), "asOfMs", read.asOfMs());
    row.put("value", version == null ? null : plain(version.value()));
    if (version != null) row.put("timestampMs", version.timestamp());
    return row;
  }

  private static void check(Object value) {
    if (!isPlain(value)) throw new Unwritable();
  }
}
