/* The sound of an answer nobody is looking at; loaded when there is the first. */

const SECONDS = 0.3;

/** Plays two short notes, where the browser lets the page be heard. */
export function chime() {
  const sound = new AudioContext();
  const now = sound.currentTime;
  const volume = sound.createGain();
  const voice = sound.createOscillator();
  volume.gain.setValueAtTime(0.1, now);
  volume.gain.linearRampToValueAtTime(0, now + SECONDS);
  voice.frequency.setValueAtTime(660, now);
  voice.frequency.setValueAtTime(880, now + SECONDS / 3);
  voice.connect(volume).connect(sound.destination);
  voice.onended = () => sound.close();
  voice.start();
  voice.stop(now + SECONDS);
}
