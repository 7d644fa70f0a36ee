/** Moves a point between its place in the face, its place in the graph and its way through the air, and gives it its light. */
export const VERTEX = /* glsl */ `
attribute vec3 drift;
attribute vec4 nature;
attribute vec3 web;
attribute vec4 link;

uniform float time;
uniform float breath;
uniform float gather;
uniform float scatter;  /* 0 is face, 1 is graph */
uniform float energy;
uniform float voice;
uniform float ear;
uniform float keen;
uniform float you;
uniform float caution;
uniform float spike;
uniform float glow;
uniform float size;
uniform vec2 reach;  /* how far the graph goes: half the page, in the units of the head */
uniform vec4 quiet;  /* middle and half width, middle and half height of where words are, in the units of the screen */
uniform float ink;   /* the most light there */
uniform float open;  /* the most light elsewhere */

varying vec3 tone;

const vec3 CYAN = vec3(0.133, 0.902, 1.0);
const vec3 DEEP = vec3(0.10, 0.50, 0.92);
const vec3 ICE = vec3(0.46, 0.94, 1.0);
const vec3 MAGENTA = vec3(1.0, 0.239, 0.824);
const vec3 AMBER = vec3(1.0, 0.706, 0.329);
const vec3 RED = vec3(1.0, 0.33, 0.44);

vec3 inFace(float chance) {
  vec3 face = position * (1.0 + 0.014 * breath);
  float wave = sin(position.y * 9.0 - time * 2.2) * sin(position.x * 7.0 + time * 1.3);
  face.z += 0.035 * energy * wave;
  /* The jaw opens, and the lips with it. */
  float jaw = smoothstep(-0.5, -0.6, position.y) * exp(-3.0 * position.x * position.x);
  face.y -= 0.09 * voice * jaw * smoothstep(-1.3, -0.6, position.y);
  float lips = exp(-30.0 * (position.y + 0.54) * (position.y + 0.54)) * exp(-8.0 * position.x * position.x);
  face.z += 0.08 * voice * lips;
  /* What you say goes through it in rings. */
  float far = length(position.xy - vec2(0.0, -0.1));
  face.xy *= 1.0 + 0.05 * ear * sin(far * 9.0 - time * 5.0);
  face.xy += normalize(position.xy + 0.001) * spike * 0.16 * chance;
  return face;
}

vec3 inGraph() {
  vec3 node = web * vec3(reach / 1.5, 1.0);
  /* One slow swell moves all of it: edges bend, and stay with their nodes. */
  node += vec3(
    sin(time * 0.21 + node.y * 1.3 + node.z),
    cos(time * 0.17 + node.x * 1.1),
    sin(time * 0.13 + node.x * 0.9 + node.y)
  ) * vec3(0.09, 0.09, 0.14);
  float far = length(node.xy);
  node.xy *= 1.0 + 0.012 * breath + 0.06 * voice * sin(far * 4.0 - time * 3.0) + 0.05 * ear * sin(far * 6.0 - time * 5.0);
  node.xy += normalize(node.xy + 0.001) * spike * 0.12 * fract(link.z * 7.0);
  return node;
}

void main() {
  float chance = nature.z;
  float hold = nature.w;
  float own = chance * 43.0;

  /* What holds least goes first. */
  float leave = clamp(mix(chance, 1.0 - hold, 0.4), 0.0, 1.0);
  float away = smoothstep(0.0, 0.3, scatter * 1.3 - leave);
  float held = smoothstep(-0.18, 0.32, gather * (0.55 + 0.75 * hold) - 0.55 * chance);
  held = mix(held, smoothstep(0.05 + 0.3 * chance, 0.25 + 0.3 * chance, gather), away);

  vec3 air = drift + vec3(
    sin(time * 0.23 + own + drift.y * 1.7),
    cos(time * 0.19 + own * 1.3 + drift.x * 1.4),
    sin(time * 0.17 + own * 0.7)
  ) * (0.10 + 0.06 * energy);
  vec3 home = mix(inFace(chance), inGraph(), away);
  home += sin(3.14159 * away) * 0.22 * vec3(sin(own), cos(own * 1.7), sin(own * 2.3));
  vec3 place = mix(air, home, held);
  place.xy += vec2(sin(time * 0.6 + own), cos(time * 0.5 + own * 1.7)) * mix(0.006, 0.002, away);

  vec4 seen = modelViewMatrix * vec4(place, 1.0);
  gl_Position = projectionMatrix * seen;
  vec2 at = gl_Position.xy / gl_Position.w;

  float light = mix(nature.x, link.x, away);
  /* Sparks run along the edges, faster when more goes on: places change, the sum of the light does not. */
  float spark = exp(-22.0 * fract(link.z - time * 0.11)) * (1.0 - link.w);
  light += away * spark * (0.25 + 0.6 * energy);
  float shine = light * mix(0.34, 1.0, held) * (0.45 + 0.85 * glow);
  shine *= 0.82 + 0.18 * sin(time * 0.4 + own);
  vec3 colour = mix(DEEP, CYAN, clamp(light * 1.5, 0.0, 1.0));
  colour = mix(colour, ICE, keen * smoothstep(0.3, 0.9, light + 0.3 * chance));
  float warm = mix(nature.y, link.y, away);
  colour = mix(colour, MAGENTA, clamp(warm + you * smoothstep(0.25, 0.9, chance), 0.0, 1.0));
  colour = mix(colour, AMBER, caution * smoothstep(0.35, 0.95, 1.0 - chance) * 0.9);
  colour = mix(colour, RED, spike * 0.95);

  vec2 off = abs(at - quiet.xz) / quiet.yw;
  float words = (1.0 - smoothstep(1.0, 1.5, off.x)) * (1.0 - smoothstep(1.0, 1.45, off.y));
  /* Pressed together, not cut off: a face of one brightness would be none. */
  float most = mix(open, ink, words);
  tone = colour * most * (1.0 - exp(-mix(1.9, 3.8, words) * shine));
  float grain = mix(0.75 + 0.6 * chance + 0.5 * light, 0.62 + 0.45 * light + 0.8 * link.w * link.x, away);
  gl_PointSize = size * grain * (1.0 + 0.35 * (1.0 - held)) * 3.2 / max(0.5, -seen.z);
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
