/** Moves a point between its place in the face and its way through the air, and gives it its light. */
export const VERTEX = /* glsl */ `
attribute vec3 drift;
attribute vec4 nature;

uniform float time;
uniform float breath;
uniform float gather;
uniform float energy;
uniform float voice;
uniform float warmth;
uniform float spike;
uniform float glow;
uniform float size;
uniform vec4 quiet;  /* middle and half width, middle and half height of where words are, in the units of the screen */
uniform float ink;   /* the most light there */
uniform float open;  /* the most light elsewhere */

varying vec3 tone;

const vec3 CYAN = vec3(0.133, 0.902, 1.0);
const vec3 DEEP = vec3(0.10, 0.50, 0.92);
const vec3 MAGENTA = vec3(1.0, 0.239, 0.824);
const vec3 RED = vec3(1.0, 0.33, 0.44);

void main() {
  float light = nature.x;
  float chance = nature.z;
  float hold = nature.w;

  float held = smoothstep(-0.18, 0.32, gather * (0.55 + 0.75 * hold) - 0.55 * chance);
  vec3 face = position * (1.0 + 0.014 * breath);
  float wave = sin(position.y * 9.0 - time * 2.2) * sin(position.x * 7.0 + time * 1.3);
  face.z += 0.035 * energy * wave + 0.05 * voice * exp(-6.0 * (position.y + 0.55) * (position.y + 0.55)) * wave;
  face.xy += normalize(position.xy + 0.001) * spike * 0.16 * chance;

  float own = chance * 43.0;
  vec3 air = drift + vec3(
    sin(time * 0.23 + own + drift.y * 1.7),
    cos(time * 0.19 + own * 1.3 + drift.x * 1.4),
    sin(time * 0.17 + own * 0.7)
  ) * (0.10 + 0.06 * energy);
  vec3 place = mix(air, face, held);
  place.xy += vec2(sin(time * 0.6 + own), cos(time * 0.5 + own * 1.7)) * 0.006;

  vec4 seen = modelViewMatrix * vec4(place, 1.0);
  gl_Position = projectionMatrix * seen;
  vec2 at = gl_Position.xy / gl_Position.w;

  float shine = light * mix(0.34, 1.0, held) * (0.45 + 0.85 * glow);
  shine *= 0.82 + 0.18 * sin(time * 0.4 + own);
  vec3 colour = mix(DEEP, CYAN, clamp(light * 1.5, 0.0, 1.0));
  colour = mix(colour, MAGENTA, clamp(nature.y + warmth * smoothstep(0.45, 1.0, chance), 0.0, 1.0));
  colour = mix(colour, RED, spike * 0.75);

  vec2 off = abs(at - quiet.xz) / quiet.yw;
  float words = (1.0 - smoothstep(1.0, 1.5, off.x)) * (1.0 - smoothstep(1.0, 1.45, off.y));
  /* Pressed together, not cut off: a face of one brightness would be none. */
  float most = mix(open, ink, words);
  tone = colour * most * (1.0 - exp(-mix(1.9, 3.8, words) * shine));
  gl_PointSize = size * (0.75 + 0.6 * chance + 0.5 * light) * (1.0 + 0.35 * (1.0 - held)) * 3.2 / max(0.5, -seen.z);
}
`

/** A soft round grain. Its light lies over the page's own, never adds to another's: see the blending in points.ts. */
export const FRAGMENT = /* glsl */ `
varying vec3 tone;

void main() {
  float away = length(gl_PointCoord - 0.5) * 2.0;
  float grain = smoothstep(1.0, 0.15, away);
  vec3 colour = tone * grain;
  gl_FragColor = vec4(colour, max(colour.r, max(colour.g, colour.b)));
}
`
