/**
 * Checks that the hand-written interfaces agree with the table. The compiler does this, so nothing here can fail at run
 * time.
 */
import { test } from 'node:test';
import { expectTypeOf } from 'expect-type';
import type { WorkerRange } from '../../../src/options/values/range.ts';
import type { ValueOf } from '../../../src/options/shape.ts';
import type { optionTable, SettingKey } from '../../../src/options/table.ts';
import type { LibraryOptions, Options, Percent, Settings, Size, Time } from '../../../src/options/types.ts';

type Table = typeof optionTable;
type Written = {
  [Key in SettingKey]?:
    | (Table[Key] extends { of: 'file' | 'network' | 'host' }
        ? string | readonly string[]
        : Table[Key] extends { type: keyof InText }
          ? InText[Table[Key]['type']]
          : ValueOf<Table[Key]>)
    | undefined;
};
/** What is read from text has another type then. */
type InText = {
  time: Time;
  size: Size;
  percent: Percent;
  metrics: readonly string[];
  workers: number | 'auto' | `${number | 'auto'}..${number | 'auto'}`;
};
type Resolved = {
  readonly [Key in SettingKey]:
    | Exclude<ValueOf<Table[Key]>, 'auto' | WorkerRange>
    | (Table[Key] extends {
        type:
          | 'account'
          | 'address'
          | 'directory'
          | 'list'
          | 'path'
          | 'ports'
          | 'metrics'
          | 'words'
          | 'route'
          | 'version';
      }
        ? undefined
        : never);
};

test('the interfaces and the table agree', () => {
  expectTypeOf<Options>().toEqualTypeOf<Written>();
  expectTypeOf<Omit<Settings, 'sharing' | 'balance' | 'recoverThreshold' | 'isNameGiven' | 'range'>>().toEqualTypeOf<
    Omit<Resolved, 'sharing' | 'balance' | 'recoverThreshold'>
  >();
  expectTypeOf<Settings['recoverThreshold']>().toEqualTypeOf<ValueOf<Table['recoverThreshold']>>();
  expectTypeOf<Settings['balance']>().toEqualTypeOf<ValueOf<Table['balance']>>();
  expectTypeOf<Settings['sharing']>().toEqualTypeOf<ValueOf<Table['sharing']>>();
});

test('the library has its own keys', () => {
  expectTypeOf<keyof Options & keyof LibraryOptions>().toBeNever();
});

test('times are written with their unit', () => {
  expectTypeOf<'10s'>().toExtend<Time>();
  expectTypeOf<'10 seconds'>().not.toExtend<Time>();
  expectTypeOf<'10'>().not.toExtend<Time>();
});

test('so are sizes', () => {
  expectTypeOf<'512mb'>().toExtend<Size>();
  expectTypeOf<'512m'>().not.toExtend<Size>();
  expectTypeOf<'512'>().not.toExtend<Size>();
});
