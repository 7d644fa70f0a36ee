/** A picture that is in the text itself asks nobody for anything. SVG is not among them, since it can. */
const OWN_PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,[\w+/=\s]+$/i

export function isOwnPicture(href: string): boolean {
  return OWN_PICTURE.test(href)
}

/** In the place of something that would be loaded from elsewhere: a link that says what and from where. */
export function mediaLink(kind: string, href: string, alt: string): string {
  const place = URL.canParse(href) ? new URL(href).host : ''
  const label = `${kind}${alt ? `: ${alt}` : ''}${place ? ` · ${place}` : ''}`
  return `<a data-media="${escaped(kind)}" href="${escaped(href)}" title="${escaped(`not loaded: ${href}`)}">${escaped(label)}</a>`
}

export function escaped(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}
