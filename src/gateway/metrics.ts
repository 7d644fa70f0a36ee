import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = ReturnType<typeof newMetrics>

/** What is counted as it happens. What can be asked for when someone scrapes is added with `watch`. */
export function newMetrics() {
  const registry = new Registry()
  const registers = [registry]
  let complete = false
  return {
    readers: new Gauge({
      name: 'ghost_readers',
      help: 'Readers of streams that are connected now',
      registers,
    }),
    resumes: new Counter({ name: 'ghost_resumes_total', help: 'Streams that were resumed', registers }),
    cancels: new Counter({
      name: 'ghost_cancels_total',
      help: 'Cancel requests by outcome',
      labelNames: ['outcome'],
      registers,
    }),
    tasks: new Counter({
      name: 'ghost_tasks_total',
      help: 'Tasks that ended, by how',
      labelNames: ['status'],
      registers,
    }),
    firstByte: new Histogram({
      name: 'ghost_first_byte_seconds',
      help: "Time from a chat's start to the agent's first byte",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),

    /** A figure that is read at each scrape. A counter's name ends in `_total`. */
    watch(name: string, help: string, value: () => number): void {
      if (!name.endsWith('_total')) {
        new Gauge({ name, help, registers, collect: gaugeOf(value) })
        return
      }
      let counted = 0
      new Counter({
        name,
        help,
        registers,
        collect() {
          const now = value()
          this.inc(now - counted)
          counted = now
        },
      })
    },

    /** The Prometheus text format. The process's own figures are begun by the first scrape: not everyone scrapes. */
    async text(): Promise<{ readonly type: string; readonly body: string }> {
      if (!complete) collectDefaultMetrics({ register: registry })
      complete = true
      return { type: registry.contentType, body: await registry.metrics() }
    },
  }
}

function gaugeOf(value: () => number) {
  return function collect(this: Gauge): void {
    this.set(value())
  }
}
