/** There is no voice server behind the gateway, and asking again would not bring one. */
export class NoVoice extends Error {}
