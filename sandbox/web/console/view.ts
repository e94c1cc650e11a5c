/** What a view is: how it gets its data, and what it makes of them. */
export interface View {
  title: string;
  /** Whether one thing of the list is looked at. */
  hasDetail: boolean;
  // Each view reads its own data back.
  load: () => Promise<any>;
  list: (data: any) => Node[];
  detail?: (data: any) => Node;
}
