// Job A of the peers on Millrace and on Kafka Streams: npx tsx benchmarks/job-a/run.ts [--records 1000000] [--runs 3]
// [--mode eos] [--peers ../shared/peers]
import { compareJob } from '../kafka-streams/jobs.ts'

await compareJob('A')
