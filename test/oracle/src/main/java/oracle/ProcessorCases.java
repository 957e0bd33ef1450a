package oracle;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/** Processors of the user within the DSL. */
final class ProcessorCases {
  static final class Pass extends ContextualProcessor<String, String, String, String> {
    @Override
    public void process(Record<String, String> record) {
      context().forward(record);
    }
  }

  static final class PassValues extends ContextualFixedKeyProcessor<String, String, String> {
    @Override
    public void process(FixedKeyRecord<String, String> record) {
      context().forward(record);
    }
  }

  static StoreBuilder<?> store(String name) {
    return Stores.keyValueStoreBuilder(
        Stores.inMemoryKeyValueStore(name), Serdes.String(), Serdes.String());
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(new Case("process", ProcessorCases::process));
    cases.add(new Case("shared-stores", ProcessorCases::sharedStores));
    return cases;
  }

  private static void process(StreamsBuilder builder) {
    builder.addStateStore(store("seen"));
    KStream<String, String> stream = builder.stream("in");
    stream.process(Pass::new).groupByKey().count();
    stream.process(Pass::new, Named.as("watch"), "seen").to("out");
    stream.processValues(PassValues::new).groupByKey().count();
    stream.processValues(PassValues::new, Named.as("watch-values"), "seen").to("out-2");
  }

  private static void sharedStores(StreamsBuilder builder) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < 14; i++) {
      names.add("store-" + i);
      builder.addStateStore(store("store-" + i));
    }
    KStream<String, String> first = builder.stream("in");
    KStream<String, String> second = builder.stream("in-2");
    KStream<String, String> third = builder.stream("in-3");
    first.process(Pass::new, Named.as("some"), names.subList(0, 5).toArray(String[]::new));
    second.process(Pass::new, Named.as("most"), names.subList(4, 14).toArray(String[]::new));
    third.process(Pass::new, Named.as("all"), names.toArray(String[]::new));
    builder.<String, String>stream("in-4").process(Pass::new, "store-0");
  }
}
