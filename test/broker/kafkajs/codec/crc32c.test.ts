import { expect, it } from 'vitest'
import { crc32c } from '../../../../src/broker/kafkajs/codec/crc32c.ts'

const crcOf = (bytes: Uint8Array): number => crc32c(bytes, 0, bytes.length)

// Vectors of RFC 3720, appendix B.4, and the check value of the CRC catalogue.
it.each([
  ['nothing', new Uint8Array(0), 0],
  ['123456789', Buffer.from('123456789'), 0xe3069283],
  ['32 zeros', new Uint8Array(32), 0x8a9136aa],
  ['32 ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ['0 to 31', Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ['31 to 0', Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
])('gives the known checksum of %s', (_, bytes, expected) => {
  expect(crcOf(bytes)).toBe(expected)
})

it('reads only between start and end, at any alignment', () => {
  const bytes = Buffer.from('..123456789..')
  expect(crc32c(bytes, 2, 11)).toBe(0xe3069283)
  expect(crc32c(bytes, 5, 5)).toBe(0)
})
