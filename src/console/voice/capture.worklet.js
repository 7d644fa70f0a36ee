/** Hands on what the microphone hears, in the browser's own pieces. Runs where sound is made, so it does nothing else. */
class Capture extends AudioWorkletProcessor {
  process([input]) {
    const [channel] = input
    if (channel) this.port.postMessage(channel.slice())
    return true
  }
}

registerProcessor('ghost-capture', Capture)
