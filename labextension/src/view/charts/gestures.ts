/** Follow the pointer until its button is released; told by what part of an element it has moved, to the left and up. */
export function dragToPan(event: MouseEvent, element: HTMLElement, pan: (across: number, up: number) => void): void {
  event.preventDefault();
  const { clientWidth, clientHeight } = element;
  const isAlongX = (moved: MouseEvent): boolean => Math.abs(moved.clientY - event.clientY) < BAND_PIXELS;
  let [lastX, lastY] = [event.clientX, event.clientY];
  let isAcross = true;
  const move = (moved: MouseEvent): void => {
    isAcross &&= isAlongX(moved); // a hand is not steady: what moves little is meant along x
    const up = isAcross ? 0 : (moved.clientY - lastY) / clientHeight;
    pan((lastX - moved.clientX) / clientWidth, up);
    lastX = moved.clientX;
    lastY = isAcross ? lastY : moved.clientY;
  };
  const end = (): void => {
    document.removeEventListener('mousemove', move);
    document.removeEventListener('mouseup', end);
  };
  document.addEventListener('mousemove', move);
  document.addEventListener('mouseup', end);
}

const BAND_PIXELS = 12;
