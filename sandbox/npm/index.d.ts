/** The path of the program `faststar`. */
export declare const path: string;
