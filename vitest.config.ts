import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { SlowFilesFirst } from './scripts/slow-files-first.ts'

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

const kafkaServices = 'test/kafka/global-setup.ts'

// Tests import the package by the names its users import it by; the aliases point them at the source.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace\/([a-z-]+(?:\/[a-z-]+)*)$/, replacement: source('$1/index.ts') },
      { find: /^millrace$/, replacement: source('index.ts') },
    ],
  },
  test: {
    maxWorkers: 2,
    sequence: { sequencer: SlowFilesFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts', 'test/**/*.prop.ts'],
          exclude: ['test/oracle/**', 'test/kafka/**', 'test/browser/**', 'test/simulator/**'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'simulator',
          include: ['test/simulator/**/*.test.ts'],
          // The other half of the seeds runs in CI, on another version of Node.
          exclude: process.env['ALL_SEEDS'] === '1' ? [] : ['test/simulator/seeds-2.test.ts'],
          testTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      // These three need a machine with Java and Maven, or with Chromium; scripts/test.mjs chooses.
      {
        extends: true,
        test: {
          name: 'oracle',
          include: ['test/oracle/**/*.test.ts'],
          testTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'kafka',
          include: ['test/kafka/**/*.test.ts'],
          ...(existsSync(kafkaServices) ? { globalSetup: [kafkaServices] } : {}),
          testTimeout: 120_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
