// Job B of the peers on Millrace and on Kafka Streams: npx tsx benchmarks/job-b/run.ts [--records 1000000] [--runs 3]
// [--mode eos] [--peers ../shared/peers]
import { compareJob } from '../kafka-streams/jobs.ts'

await compareJob('B')
