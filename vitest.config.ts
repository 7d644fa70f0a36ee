import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Deadlines, not durations: a loaded machine is slow, and a failure must still be one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more workers only make the browser and the servers under test wait for each other.
    maxWorkers: 2,
  },
})
