/** Registers the service worker, and knows when a newer one waits. It takes over only when the person says so. */
export class Update {
  ready = $state(false)
  #waiting: ServiceWorker | undefined

  constructor() {
    if ('serviceWorker' in navigator) void this.#register()
  }

  take(): void {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true })
    this.#waiting?.postMessage('take-over')
  }

  async #register(): Promise<void> {
    // Without a worker (a page over plain HTTP, private windows) only the offline page is missing.
    const registration = await navigator.serviceWorker.register('/sw.js').catch(() => undefined)
    if (!registration) return
    this.#look(registration.waiting)
    registration.addEventListener('updatefound', () => {
      const worker = registration.installing
      worker?.addEventListener('statechange', () => this.#look(registration.waiting))
    })
  }

  #look(waiting: ServiceWorker | null): void {
    // The very first worker has nothing to replace.
    if (!waiting || !navigator.serviceWorker.controller) return
    this.#waiting = waiting
    this.ready = true
  }
}
