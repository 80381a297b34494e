/* Keeps every <time class="age"> saying how long ago it was, in the words the page gives. */

const [NOW, MINUTE, HOUR, DAY] = document.documentElement.dataset.timeUnits.split("|");

const age = (then) => {
  const minutes = Math.max(0, Math.floor((Date.now() - then) / 60000));
  if (minutes < 1) return NOW;
  if (minutes < 60) return `${minutes}\u00a0${MINUTE}`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)}\u00a0${HOUR}`;
  return `${Math.floor(minutes / 1440)}\u00a0${DAY}`;
};

const refresh = () => {
  if (document.hidden) return;
  for (const time of document.querySelectorAll("time.age")) {
    const words = age(Date.parse(time.dateTime));
    if (time.textContent !== words) time.textContent = words;
  }
};

setInterval(refresh, 30000);
/* What depends on the time of day listens for this, such as the numbers behind views. */
setInterval(() => document.hidden || document.body.dispatchEvent(new CustomEvent("minute")), 60000);
document.addEventListener("visibilitychange", refresh);
