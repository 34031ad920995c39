/** Numbers in the reasons of a verdict, for people. */
import { size } from '../../../format/figures.ts';

export function formatWhole(number: number): string {
  return String(Math.round(number)).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

/** 1 is 100 %. Shares of failures are small, so there are digits behind the point. */
export function formatShare(share: number): string {
  return `${Number((share * 100).toPrecision(share < 1 ? 2 : 3))} %`;
}

export function formatMs(ms: number): string {
  return `${Number(ms.toPrecision(3))} ms`;
}

export function formatBytes(bytes: number): string {
  return size(bytes);
}

export function formatNumber(number: number): string {
  return String(Number(number.toPrecision(3)));
}
