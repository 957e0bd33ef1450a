// A job of the peers on Millrace and on Kafka Streams, in turns against one Kafka; see the README.
import { parseArgs } from 'node:util'
import { Bench, median, type Contender, type Run } from './bench.ts'

/** Runs a job on both, prints each run, and then medians, the ratio and peak memory. */
export async function compareJob(defaultJob: 'A' | 'B' | 'C'): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      job: { type: 'string', default: defaultJob },
      records: { type: 'string', default: '1000000' },
      runs: { type: 'string', default: '3' },
      mode: { type: 'string', default: 'eos' },
      peers: { type: 'string', default: '../shared/peers' },
    },
  })
  await using bench = await Bench.open(options.peers)
  const env = { JOB: options.job, MODE: options.mode, N: options.records }
  console.log(bench.tool(env, 'loader/run.sh'))
  const contenders = [
    {
      name: 'kafka streams, every update',
      make: (out: string) => bench.kafkaStreams({ ...env, OUTPUT: out }),
    },
    { name: 'millrace', make: (out: string) => bench.millrace({ ...env, OUTPUT: out }) },
    ...(options.job === 'A'
      ? [
          {
            name: 'millrace, every update in the changelog',
            make: (out: string) => bench.millrace({ ...env, OUTPUT: out, EVERY_UPDATE: '1' }),
          },
        ]
      : []),
  ].map((each) => ({ ...each, runs: [] as Run[] }))
  for (let round = 1; round <= Number(options.runs); round++) {
    for (const { name, make, runs } of contenders) {
      const output = `bench-output-${contenders.findIndex((each) => each.name === name)}`
      bench.tool({}, 'lib/topics.sh', 'recreate', `${output}=1`)
      const contender: Contender = make(output)
      const run = await bench.run(contender)
      runs.push(run)
      const check = bench.tool(env, 'lib/verify.sh', output).split('\n').at(-1)
      console.log(
        `${round} ${name}: ${run.facts['rate']} records/s, peak ${run.peakMb} MB; ${check}`,
      )
    }
  }
  const rateOf = (runs: readonly Run[]): number =>
    median(runs.map(({ facts }) => Number(facts['rate'])))
  const peer = rateOf(contenders[0]!.runs)
  console.log(
    `\njob ${options.job}, ${options.mode}, ${options.records} records, one partition, median of ${options.runs}`,
  )
  for (const { name, runs } of contenders) {
    const rate = rateOf(runs)
    const peak = Math.max(...runs.map(({ peakMb }) => peakMb))
    const ratio = (rate / peer).toFixed(2)
    console.log(
      `  ${name.padEnd(40)} ${String(rate).padStart(8)} records/s  ${ratio}×  peak ${peak} MB`,
    )
  }
}
