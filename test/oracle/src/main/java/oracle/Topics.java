package oracle;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.internals.InternalTopicConfig;
import org.apache.kafka.streams.processor.internals.InternalTopologyBuilder;

/** The internal topics that Kafka Streams would create, with their configuration. */
final class Topics {
  private static final long additionalRetentionMs = 24 * 60 * 60 * 1000L;

  /** Configurations by topic name; a partition count only where it was asked for. */
  static Map<String, Object> of(Topology topology, Properties config, Set<String> existing) throws ReflectiveOperationException {
    Field field = Topology.class.getDeclaredField("internalTopologyBuilder");
    field.setAccessible(true);
    InternalTopologyBuilder builder = (InternalTopologyBuilder) field.get(topology);
    builder.rewriteTopology(new StreamsConfig(config));
    // A part of the topology whose sources match no topic has no tasks, and no topics.
    Method found =
        InternalTopologyBuilder.class.getDeclaredMethod("addSubscribedTopicsFromMetadata", Set.class, String.class);
    found.setAccessible(true);
    found.invoke(builder, existing, "");
    // Only building gives stores their changelogs.
    builder.buildTopology();
    Map<String, Object> topics = new TreeMap<>();
    for (InternalTopologyBuilder.TopicsInfo info : builder.subtopologyToTopicsInfo().values()) {
      info.repartitionSourceTopics.values().forEach(topic -> topics.put(topic.name(), row(topic)));
      // What a store is restored from that has no changelog of its own is not created.
      info.nonSourceChangelogTopics().forEach(topic -> topics.put(topic.name(), row(topic)));
    }
    return topics;
  }

  private static Map<String, Object> row(InternalTopicConfig topic) {
    Map<String, Object> row = new LinkedHashMap<>();
    topic.numberOfPartitions().ifPresent(count -> row.put("partitions", count));
    row.putAll(new TreeMap<>(topic.properties(Map.of(), additionalRetentionMs)));
    return row;
  }
}
