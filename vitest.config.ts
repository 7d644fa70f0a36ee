import { defineConfig } from 'vitest/config'

/** These measure the page's own time, or let it hear: beside another browser on the same cores they would tell of that one. */
const ALONE = [
  'test/console/log.test.ts',
  'test/console/speed.test.ts',
  'test/console/thousand.test.ts',
  'test/console/voice/handsfree.test.ts',
]

export default defineConfig({
  test: {
    // Deadlines, not durations: a loaded machine is slow, and a failure must still be one.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          // Two cores: more workers only make the browser and the servers under test wait for each other.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
