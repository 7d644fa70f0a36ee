/** Why there can be no microphone on this page; undefined when there can. Asks nobody for a permission. */
export async function whyNoMicrophone(): Promise<string | undefined> {
  if (!window.isSecureContext)
    return 'the browser gives a microphone only to pages over https or on localhost: open this page there to talk'
  if (!navigator.mediaDevices?.getUserMedia) return 'this browser has no way to use a microphone'
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => undefined)
  if (devices && !devices.some(({ kind }) => kind === 'audioinput'))
    return 'no microphone was found: plug one in to talk'
  return undefined
}
