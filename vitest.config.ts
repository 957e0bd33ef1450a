import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

// Tests import the package by the names its users import it by; the aliases point them at the source.
export default defineConfig({
  resolve: {
    alias: [
      { find: /^millrace\/serdes\/avro$/, replacement: source('serdes/avro/index.ts') },
      { find: /^millrace\/([a-z-]+(?:\/[a-z-]+)*)$/, replacement: source('$1/index.ts') },
      { find: /^millrace$/, replacement: source('index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts', 'test/**/*.prop.ts'],
    testTimeout: 30_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
