import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const password = 'only-for-tests'

/** A certificate for 127.0.0.1 that a test's Kafka shows, and the settings that make it do so. */
export interface KafkaTls {
  /** The certificate in PEM form, for clients to trust. */
  readonly certificate: string
  readonly settings: Readonly<Record<string, string>>
}

/** Makes a self-signed certificate in this folder with Java's keytool. */
export async function makeKafkaTls(folder: string): Promise<KafkaTls> {
  const store = join(folder, 'keystore.p12')
  const common = ['-alias', 'kafka', '-keystore', store, '-storepass', password]
  if (!existsSync(store)) {
    const key = ['-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '30']
    const name = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-storetype', 'PKCS12']
    await run('keytool', [...key, ...name, ...common])
  }
  const { stdout: certificate } = await run('keytool', ['-exportcert', '-rfc', ...common])
  // Kafka tries its own certificate at start-up, so it must trust it too.
  const trusted = join(folder, 'truststore.p12')
  const pem = join(folder, 'certificate.pem')
  if (!existsSync(trusted)) {
    await writeFile(pem, certificate)
    const file = ['-importcert', '-noprompt', '-alias', 'kafka', '-file', pem]
    await run('keytool', [...file, '-keystore', trusted, '-storepass', password])
  }
  return {
    certificate,
    settings: {
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': store,
      'ssl.keystore.password': password,
      'ssl.truststore.type': 'PKCS12',
      'ssl.truststore.location': trusted,
      'ssl.truststore.password': password,
    },
  }
}
