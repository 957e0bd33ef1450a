// What the compiler must refuse, at the line of the mistake. `tsc -p .` fails where one of these lines compiles.
import {
  defineConfig,
  JoinWindows,
  SessionWindows,
  SlidingWindows,
  TimeWindows,
  topic,
  topics,
  type KGroupedStream,
  type KStream,
  type KTable,
  type Processor,
  type StreamsBuilder,
  type Topology,
  type ValueTransformer,
  type WorkerStatus,
  type Windowed,
} from 'millrace'
import { double, json, long, sessionWindowed, string, windowed, type Serde } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import type { TopologyTestDriver } from 'millrace/testing'

interface Purchase {
  readonly customerId: string
  readonly cents: number
}

interface Points {
  readonly customerId: string
  readonly points: number
}

interface PointsAndTier extends Points {
  readonly tier: string
}

const purchases = topic('purchases', { key: string(), value: json<Purchase>() })
const points = topic('points', { key: string(), value: json<Points>() })
const tiers = topic('tiers', { key: string(), value: json<PointsAndTier>() })
const byNumber = topic('by-number', { key: double(), value: json<Points>() })
const byNumberOfText = topic('texts-by-number', { key: double(), value: string() })

declare const stream: KStream<string, Purchase>
declare const grouped: KGroupedStream<string, Purchase>
declare const builder: StreamsBuilder
declare const driver: TopologyTestDriver

export function topicsOfAPattern(): void {
  const all = topics(/purchases-.*/, { key: string(), value: json<Purchase>() })
  builder.stream(all).to(purchases)
  // @ts-expect-error What matches the pattern are purchases.
  builder.stream(all).to(points)
  // @ts-expect-error A pattern needs the serdes of what matches it.
  builder.stream(/purchases-.*/)
  // @ts-expect-error A table has one topic.
  builder.table(all)
  // @ts-expect-error A name is no pattern.
  topics('purchases', { key: string(), value: json<Purchase>() })
}

export function valuesOfAnotherType(): void {
  // @ts-expect-error A purchase is no points.
  stream.to(points)
  const earned = stream.mapValues((purchase, customerId) => ({
    customerId,
    points: purchase.cents,
  }))
  earned.to(points)
  // @ts-expect-error Points lack the tier that the topic's readers count on.
  earned.to(tiers)
  // @ts-expect-error The topic is keyed by number.
  earned.to(byNumber)
  // @ts-expect-error A topic that is chosen by record takes values of one type too.
  stream.to({ name: () => 'chosen', key: string(), value: json<Points>() })
  // More than the topic needs is well, and so are tombstones.
  builder.table(tiers).toStream().to(points)
}

export function joinsOfStreamsThatDoNotFit(): void {
  const windows = JoinWindows.of({ timeDifferenceMs: 10, graceMs: 0 })
  const earned = builder.stream(points)
  const cents = (purchase: Purchase, other: Points): number => purchase.cents + other.points
  const joined: KStream<string, number> = stream.join(earned, cents, { windows })
  void joined
  // @ts-expect-error Streams are joined by key, and this one has numbers.
  stream.join(builder.stream(byNumber), cents, { windows })
  // @ts-expect-error A join of two streams needs windows.
  stream.join(earned, cents)
  // @ts-expect-error The other side's values may be absent in a left join.
  stream.leftJoin(earned, cents, { windows })
  stream.leftJoin(earned, (purchase, other) => purchase.cents + (other?.points ?? 0), { windows })
  // @ts-expect-error Both sides' values may be absent in an outer join.
  stream.outerJoin(earned, (purchase, other) => purchase.cents + (other?.points ?? 0), { windows })
  // @ts-expect-error The serde of the other side's values reads something else.
  stream.join(earned, cents, { windows, otherValue: double() })
  stream.join(earned, cents, { windows, late: (late) => late.to(purchases) })
  // @ts-expect-error Late records of the other side are points.
  stream.join(earned, cents, { windows, otherLate: (late) => late.to(purchases) })
}

export function aggregatesOfAnotherType(): void {
  grouped.aggregate(
    () => 0,
    (sum, purchase) => sum + purchase.cents,
    { value: double() },
  )
  grouped.aggregate(
    () => 0,
    (sum, purchase) => sum + purchase.cents,
    // @ts-expect-error The aggregate is a number.
    { value: string() },
  )
  grouped.aggregate(
    (): Points => ({ customerId: '', points: 0 }),
    (sum, purchase) => ({ ...sum, points: sum.points + purchase.cents }),
    // @ts-expect-error What is written lacks the tier that is to be read.
    { value: json<PointsAndTier>() },
  )
  grouped.aggregate(
    () => 0,
    // @ts-expect-error The aggregator returns text.
    (sum, purchase) => `${sum}${purchase.cents}`,
    { value: double() },
  )
  grouped.windowedBy(TimeWindows.of({ sizeMs: 1, graceMs: 0 })).aggregate(
    () => 0,
    (sum) => sum,
    // @ts-expect-error The aggregate is a number.
    { value: string() },
  )
  // An empty start takes its type of the serde.
  grouped.aggregate(
    () => ({ names: [] }),
    (all, purchase) => ({ names: [...all.names, purchase.customerId] }),
    { value: json<{ names: string[] }>() },
  )
  // @ts-expect-error A purchase is reduced to a purchase.
  grouped.reduce(() => 1)
  // @ts-expect-error The new keys are text.
  stream.groupBy((purchase) => purchase.customerId, { key: double() })
  // @ts-expect-error A new key needs a serde.
  stream.groupBy((purchase) => purchase.customerId)
  // @ts-expect-error Windows without a grace.
  TimeWindows.of({ sizeMs: 1 })
}

export function storesReadWithAnotherKey(
  counts: KTable<string, number>,
  windows: KTable<Windowed<string>, number>,
): void {
  driver.store(counts).get('a')?.toFixed()
  // @ts-expect-error The store is keyed by text.
  driver.store(counts).get(1)
  // @ts-expect-error The store holds numbers.
  driver.store(counts).get('a')?.toUpperCase()
  driver.store(windows).fetch('a', 0)
  // @ts-expect-error A window store is asked for a key and a time.
  driver.store(windows).get('a')
}

export function joinsOfTables(
  orders: KTable<string, Purchase>,
  names: KTable<string, string>,
  rates: KTable<number, number>,
): void {
  const named: KTable<string, string> = orders.join(names, (order, name) => name + order.cents)
  named.outerJoin(names, (a, b) => `${a ?? ''}${b ?? ''}`, { store: 'both', value: string() })
  // @ts-expect-error A left join may find nothing.
  orders.leftJoin(names, (order, name) => name.length + order.cents)
  // @ts-expect-error An outer join may find nothing on either side.
  orders.outerJoin(names, (order) => order.cents)
  // @ts-expect-error The other table is keyed by number.
  orders.join(rates, (order, rate: number) => order.cents * rate)
  // @ts-expect-error An outer join has no foreign key.
  orders.outerJoin(rates, () => 1, { on: () => 1 })
  // A foreign key, from the value or the key; the joiner's null leaves the row out.
  const converted: KTable<string, number> = orders.join(
    rates,
    (order, rate) => (rate === 0 ? null : order.cents / rate),
    { on: (order) => order.cents },
  )
  converted.leftJoin(rates, (_, rate) => rate, { on: (_, id) => id.length })
  orders.leftJoin(names, (order, name) => name ?? order.customerId, {
    on: (order) => (order.cents > 0 ? order.customerId : null),
  })
  // @ts-expect-error The foreign key is text, the other table is keyed by number.
  orders.join(rates, (order, rate) => order.cents * rate, { on: (order) => order.customerId })
  // @ts-expect-error A left join may find nothing.
  orders.leftJoin(rates, (order, rate) => order.cents * rate, { on: (order) => order.cents })
  // @ts-expect-error The result is a number.
  const text: KTable<string, string> = orders.join(rates, () => 1, { on: () => 1 })
  text.toStream((value, id) => id.length + (value?.length ?? 0)).to(byNumberOfText)
  // @ts-expect-error The new keys are numbers.
  text.toStream((_, id) => id.length).to(topic('texts', { key: string(), value: string() }))
}

export function joinsOfDifferentKeys(
  sameKey: KTable<string, number>,
  otherKey: KTable<number, number>,
): void {
  stream.join(sameKey, (purchase, factor) => purchase.cents * factor)
  // @ts-expect-error The table is keyed by number.
  stream.join(otherKey, (purchase, factor: number) => purchase.cents * factor)
  // @ts-expect-error The table is keyed by number.
  stream.leftJoin(otherKey, () => 1)
  // @ts-expect-error A left join may find nothing.
  stream.leftJoin(sameKey, (purchase, factor) => purchase.cents * factor)
  // @ts-expect-error Streams of different values are not one.
  stream.merge(builder.stream(points))
  const global = builder.globalTable(byNumber)
  stream.join(global, (a, b) => a.cents + b.points, { on: (purchase) => purchase.cents })
  // @ts-expect-error The global table is keyed by number.
  stream.join(global, () => 1, { on: (purchase) => purchase.customerId })
}

export function storesThatAreNotConnected(counts: KTable<string, number>): void {
  const seen = keyValueStore({ name: 'seen', key: string(), value: string() })
  stream.process(
    () => ({
      process(_record, context) {
        context.store(counts)
        context.store(seen)
      },
    }),
    { stores: [counts, seen] },
  )
  stream.process(
    () => ({
      process(_record, context) {
        // @ts-expect-error The store was not connected.
        context.store(seen)
      },
    }),
    { stores: [counts] },
  )
  stream.processValues(() => ({
    process(_record, context) {
      // @ts-expect-error No store was connected.
      context.store(counts)
    },
  }))
}

export function processors(): void {
  const toPoints: Processor<string, Purchase, string, Points> = {
    process(record, context) {
      // @ts-expect-error It says that it forwards points.
      void context.forward(record)
      void context.forward(record.withValue({ customerId: record.key, points: 1 }))
    },
  }
  stream.process(() => toPoints).to(points)
  // @ts-expect-error It forwards points.
  stream.process(() => toPoints).to(purchases)
  // @ts-expect-error It takes purchases.
  builder.stream(points).process(() => toPoints)
  const changesKey: Processor<string, Purchase, number, Purchase> = { process() {} }
  // @ts-expect-error It changes the key.
  stream.processValues(() => changesKey)
}

export function narrowing(mixed: KStream<string, Purchase | Points>): void {
  const isPoints = (value: Purchase | Points): value is Points => 'points' in value
  mixed.filter(isPoints).to(points)
  // @ts-expect-error Without a guard the values stay mixed.
  mixed.filter((value, key) => key !== '' && 'points' in value).to(points)
  const { earned, rest } = mixed.branch({ earned: isPoints, rest: () => true })
  earned.to(points)
  // @ts-expect-error The rest is mixed.
  rest.to(points)
  const updates: KStream<string, Points | null> = builder.table(points).toStream()
  updates.filter((value) => value !== null).mapValues((value) => value.points)
  // @ts-expect-error A table's update may be a deletion.
  updates.mapValues((value) => value.points)
}

export function tables(
  table: KTable<string, Points>,
  windows: KTable<Windowed<string>, number>,
): void {
  const serdes = { key: string(), value: long({ as: 'number' }) }
  const grouped = table.groupBy((value) => ({ key: value.customerId, value: value.points }), serdes)
  grouped.reduce(
    (a, b) => a + b,
    (a, b) => a - b,
  )
  table.groupBy((value) => ({ key: value.customerId, value: value.points }), {
    key: string(),
    // @ts-expect-error The rows' values are numbers.
    value: string(),
  })
  // @ts-expect-error A windowed table is held where it was aggregated only.
  windows.filter(() => true, { store: 'again' })
  const wrong: Serde<string> = string()
  // @ts-expect-error The new values are numbers.
  table.mapValues((value) => value.points, { store: 'points', value: wrong })
}

export function suppression(
  table: KTable<string, Points>,
  windows: KTable<Windowed<string>, number>,
): void {
  table.suppress({ until: { timeLimitMs: 5 } })
  table.suppress({ until: { timeLimitMs: 5 }, buffer: { maxBytes: 5, whenFull: 'emit' } })
  windows.suppress({ until: 'window-closes', buffer: { maxRecords: 5, whenFull: 'fail' } })
  windows.suppress({ until: { timeLimitMs: 5 }, buffer: { maxRecords: 5, whenFull: 'emit' } })
  // @ts-expect-error Its keys are not windowed.
  table.suppress({ until: 'window-closes' })
  // @ts-expect-error What is emitted early is not final.
  windows.suppress({ until: 'window-closes', buffer: { maxRecords: 5, whenFull: 'emit' } })
  // @ts-expect-error What happens when it is full has to be said.
  windows.suppress({ until: { timeLimitMs: 5 }, buffer: { maxRecords: 5 } })
}

export function transformers(table: KTable<string, Points>): void {
  const length: ValueTransformer<string, Points, number> = {
    transform: (value) => value && value.points,
  }
  const wrong: Serde<string> = string()
  table.transformValues(() => length, { store: 'points', value: long({ as: 'number' }) })
  // @ts-expect-error The new values are numbers.
  table.transformValues(() => length, { store: 'points', value: wrong })
  table.transformValues<number>(() => ({
    init(context) {
      // @ts-expect-error A table has one value for each row: nothing can be forwarded.
      void context.forward
    },
    transform: () => 1,
  }))
  table.transformValues<number>(() => ({
    // @ts-expect-error A row's value is null where the row is deleted.
    transform: (value) => value.points,
  }))
}

export function windowsAndSessions(clicks: KGroupedStream<string, Points>): void {
  const value = long({ as: 'number' })
  const add = (sum: number, earned: Points): number => sum + earned.points
  const sessions = clicks.windowedBy(SessionWindows.of({ gapMs: 1, graceMs: 0 })).count()
  const sliding = clicks.windowedBy(SlidingWindows.of({ timeDifferenceMs: 1, graceMs: 0 })).count()
  void driver.store(sessions).fetchSession('k', 0, 1)
  void driver.store(sliding).fetch('k', 0)
  // @ts-expect-error A table by sessions is held in a session store.
  void driver.store(sessions).fetchRange('k', 0, 1)
  // @ts-expect-error A table by windows is held in a window store.
  void driver.store(sliding).fetchSession('k', 0, 1)
  sessions.toStream().to(topic('s', { key: sessionWindowed(string()), value }))
  sliding.toStream().to(topic('w', { key: windowed(string(), 1), value }))
  // @ts-expect-error Sessions have no one size, so that their keys are written with their ends.
  sessions.toStream().to(topic('s', { key: windowed(string(), 1), value }))
  // @ts-expect-error Sessions that become one need a merger.
  clicks.windowedBy(SessionWindows.of({ gapMs: 1, graceMs: 0 })).aggregate(() => 0, add, { value })
  clicks.windowedBy(SessionWindows.of({ gapMs: 1, graceMs: 0 })).count({
    late: (stream) => {
      stream.to(points)
      // @ts-expect-error Late records are points.
      stream.to(purchases)
    },
  })
  // @ts-expect-error Results are sent with updates or on close.
  clicks.windowedBy(SessionWindows.of({ gapMs: 1, graceMs: 0 })).count({ emit: 'never' })
}

export function cogroups(
  clicks: KGroupedStream<string, Points>,
  numbered: KGroupedStream<number, Points>,
): void {
  const value = long({ as: 'number' })
  const both = grouped
    .cogroup((cents: number, purchase) => cents + purchase.cents)
    .cogroup(clicks, (cents, click) => cents + click.points)
  both.aggregate(() => 0, { value })
  // @ts-expect-error What several streams make together is held in a store, so that it needs a serde.
  both.aggregate(() => 0, {})
  // @ts-expect-error The aggregate is a number.
  both.aggregate(() => '', { value })
  // @ts-expect-error The serde is of another type.
  both.aggregate(() => 0, { value: string() })
  // @ts-expect-error Clicks have no cents.
  both.cogroup(clicks, (cents, click) => cents + click.cents)
  // @ts-expect-error The stream is keyed by number.
  both.cogroup(numbered, (cents) => cents)
  const windows = both.windowedBy(TimeWindows.of({ sizeMs: 1, graceMs: 0 }))
  // @ts-expect-error A table of several streams is updated as they are.
  windows.aggregate(() => 0, { value, emit: 'window-close' })
}

export function unknownOptimizations(): void {
  builder.build({ optimize: 'all' })
  builder.build({ optimize: ['merge.repartition.topics', 'single.store.self.join'] })
  // @ts-expect-error There is no such optimization.
  builder.build({ optimize: ['merge.topics'] })
  // @ts-expect-error It is all, none, or a list.
  builder.build({ optimize: 'merge.repartition.topics' })
}

export function unknownFormats(topology: Topology): void {
  topology.describe({ format: 'dot' })
  // @ts-expect-error There is no such format.
  topology.describe({ format: 'svg' })
}

export function wrongWaysToHoldBack(driver: TopologyTestDriver, status: WorkerStatus): void {
  defineConfig({ holdBackLaterRecords: true, maxHeldBackRecords: 10, onHeldBackLimit: 'let-go' })
  // @ts-expect-error There is no such thing to do at the limit.
  defineConfig({ onHeldBackLimit: 'drop' })
  // @ts-expect-error It is asked for or not.
  defineConfig({ holdBackLaterRecords: 'always' })
  void driver.redrive(driver.deadLetters[0]!)
  // @ts-expect-error A dead letter is a record, not its place in a list.
  driver.drop(0)
  // @ts-expect-error A task that holds nothing back says nothing of it.
  void status.tasks[0]!.heldBack.keys
}
