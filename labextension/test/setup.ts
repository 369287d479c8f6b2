// What a browser has and jsdom lacks; JupyterLab's modules ask for them when they are loaded.
class DragEventOfTests extends MouseEvent {}

class ResizeObserverOfTests implements ResizeObserver {
  observe(): void {
    // Nothing has a size here.
  }

  unobserve(): void {
    // Nothing has a size here.
  }

  disconnect(): void {
    // Nothing has a size here.
  }
}

Object.assign(globalThis, {
  DragEvent: globalThis.DragEvent ?? DragEventOfTests,
  ResizeObserver: globalThis.ResizeObserver ?? ResizeObserverOfTests,
  TextEncoder: globalThis.TextEncoder ?? jest.requireActual<typeof import('node:util')>('node:util').TextEncoder,
  TextDecoder: globalThis.TextDecoder ?? jest.requireActual<typeof import('node:util')>('node:util').TextDecoder,
  fetch: globalThis.fetch ?? (() => Promise.reject(new Error('A test asks no server.'))),
  Headers: globalThis.Headers ?? class {},
  Request: globalThis.Request ?? class {},
  Response: globalThis.Response ?? class {}
});
