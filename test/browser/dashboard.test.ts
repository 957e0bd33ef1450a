import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApplications, type Applications } from '../../examples/customer-360/applications.ts'
import { startDashboard } from '../../examples/customer-360/dashboard/server.ts'
import { Workers } from '../../examples/customer-360/dashboard/workers.ts'
import { PurchasePublisher } from '../../examples/customer-360/publisher.ts'
import { inEventOrder, readPurchaseLog } from '../../examples/customer-360/purchase-log.ts'
import { topicsToCreate } from '../../examples/customer-360/topics.ts'
import { untilProcessed } from '../../examples/customer-360/until-processed.ts'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { createTopics } from '../../src/create-topics.ts'
import { inProcessSchemaRegistry } from '../../src/serdes/avro/index.ts'
import { expectedTotals } from '../examples/customer-360/expected.ts'

const log = inEventOrder(readPurchaseLog()).slice(0, 20_000)
const visibleWithinMs = 2_000

// No part of the browser may look for its maker's hosts: the machine may have no way out.
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

describe('the dashboard in a browser', () => {
  const profile = mkdtempSync(join(tmpdir(), 'dashboard-browser-'))
  let broker: EmbeddedBroker
  let applications: Applications
  let publisher: PurchasePublisher
  let dashboard: { url: string; close: () => Promise<void> }
  let browser: BrowserContext
  let page: Page
  const errors: string[] = []

  beforeAll(async () => {
    broker = new EmbeddedBroker()
    const schemaRegistry = inProcessSchemaRegistry()
    await createTopics(broker, topicsToCreate)
    applications = await startApplications({
      broker,
      schemaRegistry,
      processingGuarantee: 'exactly_once',
      httpPort: 0,
      logger: silentLogger,
    })
    const workers = new Workers(() => [applications.customer360.httpUrl!])
    publisher = await PurchasePublisher.open({ broker, schemaRegistry })
    dashboard = await startDashboard({
      port: 0,
      workers,
      record: ({ customerId, units, valueCents }) =>
        publisher.record(customerId, units, valueCents),
    })
    await publisher.publishAll(log)
    await untilProcessed(workers, log.length, () => {})
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
      headless: true,
      args: flags,
    })
    page = await browser.newPage()
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    await page.goto(dashboard.url)
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await dashboard?.close()
    await publisher?.close()
    await applications?.close()
    await broker?.close()
    rmSync(profile, { recursive: true, force: true })
  })

  const text = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? ''
  const shows = (id: string, wanted: string | RegExp): Promise<void> => {
    const hasText =
      typeof wanted === 'string' ? new RegExp(`^${wanted.replaceAll(/[$.]/g, '\\$&')}$`) : wanted
    return page.locator(`#${id}`, { hasText }).waitFor({ timeout: visibleWithinMs })
  }
  const number = new Intl.NumberFormat('en-US')
  const money = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

  it('shows the totals of all purchases', async () => {
    const totals = expectedTotals(log)
    await shows('purchases', number.format(totals.purchases))
    expect(await text('customers')).toBe(number.format(totals.customers))
    expect(await text('units')).toBe(number.format(totals.units))
    expect(await text('value')).toBe(money.format(Number(totals.valueCents) / 100))
    expect(await text('freshness')).toMatch(
      /^as of 1997-\d\d-\d\d in event time, 0 records behind$/,
    )
  })

  it('lists the customers who spent most, the first first', async () => {
    const rows = page.locator('#top tr')
    expect(await rows.count()).toBe(10)
    const spent = new Map<string, bigint>()
    for (const { customerId, valueCents } of log) {
      spent.set(customerId, (spent.get(customerId) ?? 0n) + valueCents)
    }
    const [customerId, valueCents] = [...spent].reduce((a, b) => (b[1] > a[1] ? b : a))
    expect(await rows.first().locator('td').first().textContent()).toBe(customerId)
    expect(await rows.first().locator('td').nth(3).textContent()).toBe(
      money.format(Number(valueCents) / 100),
    )
  })

  it('follows a purchase that is recorded on the page within two seconds', async () => {
    const { purchases, valueCents } = expectedTotals(log)
    await page.fill('#buy input[name=customerId]', 'browser-1')
    await page.fill('#buy input[name=units]', '3')
    await page.fill('#buy input[name=value]', '45.67')
    await page.click('#buy button')
    await shows('purchases', number.format(purchases + 1))
    await shows('value', money.format(Number(valueCents + 4_567n) / 100))
    expect(await text('buy-message')).toMatch(/^recorded as till-/)
  })

  it('shows one customer, and follows what that customer buys within two seconds', async () => {
    await page.fill('#find input[name=customerId]', 'browser-1')
    await page.click('#find button')
    await page.waitForSelector('#customer dd', { timeout: visibleWithinMs })
    expect(await text('customer')).toContain('$45.67')
    await publisher.record('browser-1', 1, 1_000)
    await shows('customer', /\$55\.67/)
    expect(await text('customer')).toMatch(/Purchases2/)
  })

  it('says so when there is no such customer', async () => {
    await page.fill('#find input[name=customerId]', 'nobody')
    await page.click('#find button')
    await shows('find-message', 'no customer nobody')
  })

  it('logged no error but the answer that there is no such customer', () => {
    expect(errors.filter((error) => !error.includes('404'))).toEqual([])
  })
})
