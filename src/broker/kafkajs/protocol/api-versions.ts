import { apis } from './api-keys.ts'
import type { Request } from './request.ts'

/** The versions of each request that a broker takes, by API key, as kafkajs's authenticator wants them too. */
export type SupportedVersions = Readonly<
  Record<number, { readonly minVersion: number; readonly maxVersion: number }>
>

export interface ApiVersionsResponse {
  readonly errorCode: number
  readonly versions: SupportedVersions
}

/** Asks which requests the broker takes. */
export function apiVersions(): Request<ApiVersionsResponse> {
  return {
    ...apis.apiVersions,
    write: () => undefined,
    read(body) {
      const errorCode = body.int16()
      const versions: Record<number, { minVersion: number; maxVersion: number }> = {}
      body.array(() => {
        versions[body.int16()] = { minVersion: body.int16(), maxVersion: body.int16() }
      })
      return { errorCode, versions }
    },
  }
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
