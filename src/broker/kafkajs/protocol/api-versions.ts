import { apis } from './api-keys.ts'
import type { ByteReader } from './byte-reader.ts'
import { codes } from './error-codes.ts'
import type { Request } from './request.ts'

/** The versions of each request that a broker takes, by API key, as kafkajs's authenticator wants them too. */
export type SupportedVersions = Readonly<
  Record<number, { readonly minVersion: number; readonly maxVersion: number }>
>

/** Features that are in force in the whole cluster. */
export interface FinalizedFeatures {
  /** Grows whenever a level changes; −1 where the broker does not know. */
  readonly epoch: number
  /** By the feature's name. */
  readonly levels: ReadonlyMap<string, number>
}

export interface ApiVersionsResponse {
  readonly errorCode: number
  readonly versions: SupportedVersions
  readonly features: FinalizedFeatures
}

const finalizedEpochTag = 1
const finalizedFeaturesTag = 2
/** Brokers want a name of letters, digits, dashes and dots. */
const software = { name: 'millrace', version: '1' }

/** Asks which requests the broker takes, and which features the cluster has in force. */
export function apiVersions(): Request<ApiVersionsResponse> {
  return {
    ...apis.apiVersions,
    // Its answer has the older header, so that a broker to which this version is unknown can be understood.
    plainAnswer: true,
    write: (body) =>
      void body.compactString(software.name).compactString(software.version).noTags(),
    read(body) {
      const errorCode = body.int16()
      const versions: Record<number, { minVersion: number; maxVersion: number }> = {}
      const readRange = (): void => {
        versions[body.int16()] = { minVersion: body.int16(), maxVersion: body.int16() }
      }
      const features = { epoch: -1, levels: new Map<string, number>() }
      if (errorCode === codes.unsupportedVersion) {
        // A broker that does not know this version answers in the first one (KIP-511).
        body.array(readRange)
        return { errorCode, versions, features }
      }
      body.compactArray(() => {
        readRange()
        body.skipTags()
      })
      body.throttleTime()
      body.tags((tag) => {
        if (tag === finalizedEpochTag) features.epoch = body.int64()
        if (tag === finalizedFeaturesTag) features.levels = readLevels(body)
      })
      return { errorCode, versions, features }
    },
  }
}

function readLevels(body: ByteReader): Map<string, number> {
  const levels = body.compactArray(() => {
    const level: [name: string, level: number] = [body.compactString(), body.int16()]
    body.int16() // the lowest level that is in force
    body.skipTags()
    return level
  })
  return new Map(levels)
}

/** Names the requests that this client sends and the broker does not take, in the version that it sends. */
export function unsupportedApis(versions: SupportedVersions): string[] {
  return Object.values(apis)
    .filter(({ apiKey, apiVersion }) => {
      const range = versions[apiKey]
      return range === undefined || apiVersion < range.minVersion || apiVersion > range.maxVersion
    })
    .map(({ apiName, apiVersion }) => `${apiName} v${apiVersion}`)
}
