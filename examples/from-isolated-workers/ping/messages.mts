import type { DefineMessages } from 'hawser';

export type Messages = DefineMessages<{
  ping: { payload: { message: string }; result: { message: string; pid: number } };
  sum: { payload: { values: number[] }; result: { total: number } };
  note: { payload: { line: string } };
}>;
