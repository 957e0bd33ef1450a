import type { TopologyChange } from './topology-change.ts'
import type { StoreSnapshot, TopologySnapshot } from './topology-snapshot.ts'

/** How stores changed. Everything but an added store orphans state. */
export function storeChanges(before: TopologySnapshot, after: TopologySnapshot): TopologyChange[] {
  const old = new Map(before.stores.map((store) => [store.name, store]))
  const now = new Map(after.stores.map((store) => [store.name, store]))
  const changes: TopologyChange[] = []
  for (const store of before.stores) {
    const same = now.get(store.name)
    if (same) changes.push(...changesOf(store, same))
    else
      changes.push(
        removed(
          store,
          after.stores.filter(({ name }) => !old.has(name)),
        ),
      )
  }
  for (const { name, subTopology } of after.stores) {
    if (old.has(name)) continue
    const text = `store ${name} added to sub-topology ${subTopology}: it begins empty, the past is not in it`
    changes.push({ subject: 'store', name, how: 'added', orphansState: false, text })
  }
  return changes
}

function removed(store: StoreSnapshot, added: readonly StoreSnapshot[]): TopologyChange {
  const { name, changelog } = store
  const left = changelog && !changelog.isSource ? `its changelog ${changelog.topic} and ` : ''
  const renamed = added.find(
    ({ kind, key, value }) => kind === store.kind && key === store.key && value === store.value,
  )
  const hint = renamed
    ? `if it is now ${renamed.name}, give that the name ${name} again`
    : 'declare it again'
  return {
    subject: 'store',
    name,
    how: 'removed',
    orphansState: true,
    text: `store ${name} removed: ${left}its local state stay behind, and what it holds is lost to the application`,
    advice: `${hint}; if it is to go, --allow ${name} and delete what stays behind`,
  }
}

function changesOf(before: StoreSnapshot, after: StoreSnapshot): TopologyChange[] {
  const { name } = before
  const changed = (text: string, advice: string): TopologyChange => ({
    subject: 'store',
    name,
    how: 'changed',
    orphansState: true,
    text: `store ${name}: ${text}`,
    advice,
  })
  const another = `give the store that is now declared another name, or start over (a new applicationId)`
  const changes: TopologyChange[] = []
  if (before.kind !== after.kind) {
    changes.push(
      changed(
        `the kind changes from ${before.kind} to ${after.kind}: its entries cannot be read`,
        another,
      ),
    )
  }
  for (const part of ['key', 'value'] as const) {
    if (before[part] === after[part]) continue
    const text = `the ${part} serde changes from ${before[part]} to ${after[part]}: what it holds was written by the other`
    changes.push(changed(text, `${another}; --allow ${name} if the one reads what the other wrote`))
  }
  // The settings of another kind of store are others anyway.
  const settings = before.kind === after.kind ? settingNames(before, after) : []
  for (const setting of settings) {
    const [old, now] = [before.settings[setting] ?? 'none', after.settings[setting] ?? 'none']
    if (old === now) continue
    const text = `${setting} changes from ${old} to ${now}: what it holds was kept by the other`
    changes.push(changed(text, another))
  }
  return [...changes, ...changesOfPlace(before, after, changed)]
}

function changesOfPlace(
  before: StoreSnapshot,
  after: StoreSnapshot,
  changed: (text: string, advice: string) => TopologyChange,
): TopologyChange[] {
  const { name } = before
  const changes: TopologyChange[] = []
  const [old, now] = [changelogText(before), changelogText(after)]
  if (old !== now) {
    const text = `it is restored from ${now} where it was from ${old}, and so begins with what is there`
    const advice =
      'put back the logging or the optimization (reuse.ktable.source.topics) as it was, or --allow ' +
      `${name} if ${now} has all that the store is to hold`
    changes.push(changed(text, advice))
  }
  if (before.subTopology !== after.subTopology) {
    const rescue = after.changelog
      ? 'it is restored from its changelog, if that has as many partitions as the tasks are now'
      : 'it has no changelog to be restored from'
    const text =
      `its sub-topology ${before.subTopology} becomes ${after.subTopology}, so its tasks and their state folders ` +
      `are named otherwise; ${rescue}`
    const advice =
      'declare what is new after what was there, so that sub-topologies keep their numbers, or --allow ' +
      name
    changes.push(changed(text, advice))
  }
  return changes
}

function changelogText({ changelog }: StoreSnapshot): string {
  if (!changelog) return 'nothing'
  return changelog.isSource
    ? `its source topic ${changelog.topic}`
    : `the changelog ${changelog.topic}`
}

function settingNames(before: StoreSnapshot, after: StoreSnapshot): string[] {
  return [...new Set([...Object.keys(before.settings), ...Object.keys(after.settings)])].sort()
}
