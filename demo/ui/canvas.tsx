/** A canvas in device pixels. It is drawn once per frame, and again when its size or the page's colours change. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { onThemeChange } from "./theme.ts";

export interface CanvasProps {
  /** Draws in CSS pixels on a cleared canvas. A new function causes a redraw. */
  readonly draw: (context: CanvasRenderingContext2D, width: number, height: number) => void;
  readonly class?: string;
}

/** A decorative picture: its information must also be available as text or in a grid. */
export function Canvas({ draw, class: className = "" }: CanvasProps) {
  const element = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  const request = useRef<() => void>(() => undefined);
  useEffect(() => {
    const canvas = element.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    let frame = 0;
    const paint = (): void => {
      const { clientWidth: width, clientHeight: height } = canvas;
      const ratio = devicePixelRatio;
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      if (width > 0 && height > 0) latest.current(context, width, height);
    };
    request.current = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(paint);
    };
    const resize = new ResizeObserver(request.current);
    resize.observe(canvas);
    const forget = onThemeChange(request.current);
    return () => {
      cancelAnimationFrame(frame);
      resize.disconnect();
      forget();
    };
  }, []);
  useLayoutEffect(() => {
    latest.current = draw;
    request.current();
  }, [draw]);
  return (
    <div class={`canvas ${className}`} aria-hidden="true">
      <canvas ref={element} />
    </div>
  );
}
